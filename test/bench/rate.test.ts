import { expect, test } from '@jest/globals';
import { paceText } from '../../jobs/context/throttle/law/pace';
import { moment, NOTHING } from './backfill';
import { moments as growth } from './growth';
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
  const fixed = { ...NOTHING, duty: 0.4, batchMs: 100 };
  const first = moment(5, { done: 7, details: { lanes: 2 } }, fixed);
  expect(first).toEqual({ at: 5, done: 7, lanes: 2, duty: 0.4, batchMs: 100 });
  expect(moment(9, { waitingFor: 'a replica' }, first)).toEqual({ ...first, at: 9 });
});

test('what the loop does is read from what it says', () => {
  const pace = { lanes: 2, duty: 0.25, batchMs: 3.5 };
  const throttle = `${paceText(pace)}, application 1.3 ×`;
  expect(moment(1, { done: 0, details: { lanes: 2, throttle } })).toMatchObject(pace);
  const full = { lanes: 1, duty: 1, batchMs: 100 };
  const details = { lanes: 1, throttle: paceText(full) };
  expect(moment(1, { details })).toMatchObject(full);
});

test('the growth of a table shows how far one UPDATE is', () => {
  const sizes = [800, 1_100, 2_000].map((bytes, index) => ({ at: index * 500, bytes }));
  const found = growth(sizes, 4_000).map(({ at, done }) => [at, done]);
  expect(found).toEqual([
    [0, 0],
    [500, 1_000],
    [1_000, 4_000],
  ]);
});
