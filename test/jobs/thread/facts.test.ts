import { expect, test } from '@jest/globals';
import { readFunction, readOptions } from '../../../jobs/thread/facts';

test.each([[undefined], [{}], [{ maxFailures: 3, memoryLimitMb: 512 }], [{ stopGrace: '5 min' }]])(
  'readOptions accepts %j',
  (exported) => {
    expect(readOptions(exported)).toEqual(exported ?? {});
  },
);

test.each([
  [null, /^options: write export const options = /],
  ['6 hours', /^options: write export const options = /],
  [{ timeout: '6 hours' }, /^options\.timeout: there is no such option$/],
  [{ toString: 1 }, /^options\.toString: there is no such option$/],
  [{ heartbeatTimeout: 30 }, /^options\.heartbeatTimeout: is not a duration from 1 ms to 24 days/],
  [{ maxFailures: 0 }, /^options\.maxFailures: is not a whole number from 1 to 1000000$/],
  [{ maxFailures: 1.5 }, /^options\.maxFailures: is not a whole number/],
  [{ maxFailures: '3', memoryLimitMb: -1 }, /^options\.maxFailures: .*; options\.memoryLimitMb: /],
])('readOptions refuses %j', (exported, message) => {
  expect(() => readOptions(exported)).toThrow(message);
});

test('readFunction accepts a function, and nothing', () => {
  const verify = () => 0;
  expect(readFunction('verify', verify)).toBe(verify);
  expect(readFunction('ready', undefined)).toBeUndefined();
});

test.each([[null], [true], ['later'], [{}]])('readFunction refuses %j', (exported) => {
  expect(() => readFunction('ready', exported)).toThrow(
    'ready: is not a function; write export async function ready(job) { … }',
  );
});
