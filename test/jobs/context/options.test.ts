import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { checkpointEvery, readBatchOptions } from '../../../jobs/context/options';

const key = sql`id`;

test('the options of a walk have defaults', () => {
  expect(readBatchOptions({ key })).toEqual({
    lanes: 1,
    targetMs: 100,
    bounds: { min: 1, max: 20_000 },
  });
  expect(checkpointEvery()).toBe(100);
});

test('the options that are given replace the defaults', () => {
  const options = { key, lanes: 12, targetBatchTime: '2 s', batchSize: { min: 30_000 } };
  expect(readBatchOptions(options)).toEqual({
    lanes: 12,
    targetMs: 2_000,
    bounds: { min: 30_000, max: 30_000 },
  });
  expect(checkpointEvery(7)).toBe(7);
});

test.each([0, -1, 1.5, Number.NaN, 13])('%p lanes are refused', (lanes) => {
  expect(() => readBatchOptions({ key, lanes })).toThrow(`lanes is ${lanes}`);
});

test.each([0, 1.5, Number.POSITIVE_INFINITY])('checkpointEvery of %p is refused', (every) => {
  expect(() => checkpointEvery(every)).toThrow(`checkpointEvery is ${every}`);
});
