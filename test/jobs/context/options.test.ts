import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { readEachOptions } from '../../../jobs/context/each/options';
import { readBatchOptions } from '../../../jobs/context/options';

const key = sql`id`;

test('the options of a walk have defaults', () => {
  expect(readBatchOptions({ key })).toEqual({
    lanes: 'auto',
    targetMs: 100,
    bounds: { min: 1, max: 20_000 },
    durable: false,
  });
  expect(readEachOptions({})).toEqual({
    pageSize: 1,
    paged: false,
    concurrency: 1,
    checkpointEvery: 100,
    pagesAhead: 1,
  });
});

test('the options that are given replace the defaults', () => {
  const options = { key, lanes: 12, targetBatchTime: '2 s', batchSize: { min: 30_000 } };
  expect(readBatchOptions(options)).toEqual({
    lanes: 12,
    targetMs: 2_000,
    bounds: { min: 30_000, max: 30_000 },
    durable: false,
  });
  expect(readEachOptions({ pageSize: 500, concurrency: 3 })).toEqual({
    pageSize: 500,
    paged: true,
    concurrency: 3,
    checkpointEvery: 500,
    pagesAhead: 3,
  });
  expect(readEachOptions({ checkpointEvery: 7 })).toMatchObject({ checkpointEvery: 7 });
});

test.each([0, -1, 1.5, Number.NaN, 13])('%p lanes are refused', (lanes) => {
  expect(() => readBatchOptions({ key, lanes })).toThrow(`lanes is ${lanes}`);
});

test.each([0, 1.5, Number.POSITIVE_INFINITY])('checkpointEvery of %p is refused', (every) => {
  expect(() => readEachOptions({ checkpointEvery: every })).toThrow(`checkpointEvery is ${every}`);
});

test.each([0, -1, 1.5, Number.NaN, 10_001])('pages of %p are refused', (pageSize) => {
  expect(() => readEachOptions({ pageSize })).toThrow(`pageSize is ${pageSize}`);
});

test.each([0, -1, 1.5, Number.NaN, 101])('concurrency of %p is refused', (concurrency) => {
  expect(() => readEachOptions({ concurrency })).toThrow(`concurrency is ${concurrency}`);
});

test('a place that would have to be stored within a page is refused', () => {
  expect(() => readEachOptions({ pageSize: 20, checkpointEvery: 19 })).toThrow(
    'checkpointEvery is 19, less than pageSize (20)',
  );
  expect(readEachOptions({ pageSize: 20, checkpointEvery: 20 }).checkpointEvery).toBe(20);
});
