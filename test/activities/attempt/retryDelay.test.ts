import { expect, test } from '@jest/globals';
import { retryDelay } from '../../../activities/attempt/retryDelay';

const settings = { LRM_RETRY_INITIAL_INTERVAL: 1_000, LRM_RETRY_MAXIMUM_INTERVAL: 60_000 };

test.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [6, 32_000],
  [7, 60_000],
  [1_000, 60_000],
])('after %i failures in a row the next attempt waits for %i ms', (failures, delay) => {
  expect(retryDelay(settings, failures)).toBe(delay);
});

test('the delay never exceeds the maximum, even when the initial interval does', () => {
  const short = { ...settings, LRM_RETRY_MAXIMUM_INTERVAL: 500 };
  expect(retryDelay(short, 1)).toBe(500);
});
