import { expect, test } from '@jest/globals';
import { readDependsOn, readOptions, readRevert } from '../../../jobs/thread/facts';

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

test.each([[undefined], [[]], [['0001_a', '0002_b']]])('readDependsOn accepts %j', (exported) => {
  expect(readDependsOn(exported)).toEqual(exported ?? []);
});

test.each([
  ['0001_a'],
  [null],
  [['../0001_a']],
  [['0001_a', 2]],
  [Array.from({ length: 101 }, () => '0001_a')],
])('readDependsOn refuses %j', (exported) => {
  expect(() => readDependsOn(exported)).toThrow(/^dependsOn: is not a list of names; write /);
});

test('readRevert accepts a function or nothing', () => {
  const revert = () => {};
  expect(readRevert(revert)).toBe(revert);
  expect(readRevert(undefined)).toBeUndefined();
});

test.each([[null], [true], ['revert'], [{}]])('readRevert refuses %j', (exported) => {
  expect(() => readRevert(exported)).toThrow(/^revert: is not a function; write export async/);
});
