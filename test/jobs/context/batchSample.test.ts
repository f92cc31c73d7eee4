import { expect, test } from '@jest/globals';
import { BatchSample } from '../../../jobs/context/batchSample';

test('the first hundred batches are chosen, then one a second, and none is forgotten', () => {
  let now = 0;
  const sample = new BatchSample(() => now);
  const batch = { walk: 'w', table: 't', rows: 10 };
  let asked = 0;
  // A minute of a thousand batches a second.
  for (; now < 60_000; now++) {
    sample.took(1, () => {
      asked += 1;
      return batch;
    });
  }
  const chosen = sample.take();
  expect(asked).toBe(chosen.length);
  expect(chosen.length).toBeGreaterThanOrEqual(100 + 59);
  expect(chosen.length).toBeLessThanOrEqual(100 + 60);
  expect(chosen.slice(0, 100).every(({ leftOut }) => leftOut === 0)).toBe(true);
  const done = chosen.reduce((sum, { leftOut }) => sum + 1 + leftOut, 0);
  expect(done).toBeGreaterThan(59_000);
  expect(sample.take()).toEqual([]);
});
