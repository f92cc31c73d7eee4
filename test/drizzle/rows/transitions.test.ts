import { expect, test } from '@jest/globals';
import { pending, transitions } from '../../../drizzle/rows/transitions';
import { migrationStatus } from '../../../drizzle/schema';

test.each([
  ['created', ['claim', 'pause', 'cancel']],
  ['in_progress', ['claim', 'complete', 'completeRevert', 'fail', 'pause', 'cancel']],
  ['paused', ['cancel', 'resume', 'revert']],
  ['completed', ['retry', 'revert']],
  ['failed', ['cancel', 'retry', 'revert']],
  ['cancelled', ['retry', 'revert']],
  ['reverted', ['retry']],
] as const)('a migration that is %s allows %j', (status, moves) => {
  const allowed = Object.entries(transitions).filter(([, { from }]) => from.includes(status));
  expect(allowed.map(([move]) => move)).toEqual(moves);
});

test('every status can be left, and a claim takes all pending migrations', () => {
  const from = new Set(Object.values(transitions).flatMap((transition) => transition.from));
  expect([...from].sort()).toEqual([...migrationStatus.enumValues].sort());
  expect(transitions.claim.from).toEqual(pending);
});
