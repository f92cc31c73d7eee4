import { expect, test } from '@jest/globals';
import { percent } from '../../settings/percent';

test.each([
  [0, 100, 0],
  [29, 100, 29],
  [1, 3, 33],
  [999, 1000, 99],
  // An estimate that was too small.
  [150, 100, 99],
  [-5, 100, 0],
  [9e15, 9e15, 99],
])('percent(%d, %d) is %d', (done, total, expected) => {
  expect(percent(done, total)).toBe(expected);
});

test.each([
  [0, 100, 0],
  [1, 3, 33.3],
  [999, 1000, 99.9],
  [2000, 1000, 99.9],
])('percent(%d, %d) with one decimal is %d', (done, total, expected) => {
  expect(percent(done, total, 1)).toBe(expected);
});

test.each([null, 0, -1])('percent is null when the total is %p', (total) => {
  expect(percent(5, total)).toBeNull();
});
