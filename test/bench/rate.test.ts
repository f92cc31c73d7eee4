import { expect, test } from '@jest/globals';
import { moment, NOTHING } from './backfill';
import { doneAt, rate, rates } from './rate';

const moments = [
  { at: 0, done: 0 },
  { at: 1_000, done: 100 },
  { at: 3_000, done: 500 },
];

test('between two reports the rows are in proportion', () => {
  expect([-1, 0, 500, 2_000, 3_000, 9_000].map((at) => doneAt(moments, at))).toEqual([
    Number.NaN,
    0,
    50,
    300,
    500,
    500,
  ]);
  expect(rate(moments, 500, 2_000)).toBeCloseTo(250 / 1.5);
});

test('the rates of all slots add up to what was done', () => {
  const slots = rates(moments, 0, 3_000, 500);
  expect(slots).toHaveLength(6);
  expect(slots).toEqual([100, 100, 200, 200, 200, 200]);
});

test('what an attempt does not report stays as it was', () => {
  const first = moment(5, { done: 7, details: { lanes: 2, dutyCycle: 0.5 } }, NOTHING);
  expect(moment(9, { details: { batchMs: 20, walk: '1' } }, first)).toEqual({
    at: 9,
    done: 7,
    lanes: 2,
    duty: 0.5,
    batchMs: 20,
  });
});
