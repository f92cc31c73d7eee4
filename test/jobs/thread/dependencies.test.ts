import { expect, test } from '@jest/globals';
import { readDependsOn } from '../../../jobs/thread/dependencies';

const OR = { name: '0002_b', or: ['failed', 'cancelled'] };

test.each([
  [undefined, []],
  [[], []],
  [
    ['0001_a', OR],
    [{ name: '0001_a', or: [] }, OR],
  ],
  [[{ name: '0001_a' }], [{ name: '0001_a', or: [] }]],
])('readDependsOn accepts %j', (exported, expected) => {
  expect(readDependsOn(exported)).toEqual(expected);
});

function hole(first: string): string[] {
  const list = [first];
  list.length = 2;
  return list;
}

const WRITE =
  "write export const dependsOn = ['0001_a'], or [{ name: '0001_a', or: ['failed', 'cancelled'] }]";

test.each([
  ['0001_a', 'dependsOn: is not a list of at most 100 names'],
  [null, 'dependsOn: is not a list of at most 100 names'],
  [OR, 'dependsOn: is not a list of at most 100 names'],
  [Array.from({ length: 101 }, () => '0001_a'), 'dependsOn: is not a list of at most 100 names'],
  [['../0001_a'], "dependsOn[0]: is not a migration's name"],
  [['0001_a', 2], "dependsOn[1]: is not a migration's name"],
  [[null], "dependsOn[0]: is not a migration's name"],
  // A comma too many leaves a hole.
  [hole('0001_a'), "dependsOn[1]: is not a migration's name"],
  [[{ ...OR, or: hole('failed') }], 'dependsOn[0].or: is not a list of failed and cancelled'],
  [[{ or: ['failed'] }], "dependsOn[0]: is not a migration's name"],
  [[{ ...OR, or: ['done'] }], 'dependsOn[0].or: is not a list of failed and cancelled'],
  [[{ ...OR, or: 'failed' }], 'dependsOn[0].or: is not a list of failed and cancelled'],
  [[{ ...OR, Or: [] }], 'dependsOn[0].Or: there is no such option'],
])('readDependsOn refuses %j', (exported, problem) => {
  expect(() => readDependsOn(exported)).toThrow(`${problem}; ${WRITE}`);
});
