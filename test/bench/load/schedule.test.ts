import { expect, test } from '@jest/globals';
import { dueTimes, type Phase } from './schedule';

const PHASES: readonly Phase[] = [
  { perSecond: 0, ms: 1_000 },
  { perSecond: 200, ms: 1_000 },
  { perSecond: 600, ms: 1_000 },
  { perSecond: 0, ms: 1_000 },
];

test('all clients together make the rate of each phase', () => {
  const due = [0, 1, 2, 3].flatMap((client) => [...dueTimes(PHASES, client, 4)]);
  const inPhase = (phase: number) =>
    due.filter((at) => at >= phase * 1_000 && at < (phase + 1) * 1_000).length;
  expect([0, 1, 2, 3].map(inPhase)).toEqual([0, 200, 600, 0]);
});

test('the clients take turns', () => {
  const phases = [{ perSecond: 100, ms: Number.POSITIVE_INFINITY }];
  const first = [0, 1].map((client) => dueTimes(phases, client, 2).next().value);
  expect(first).toEqual([0, 10]);
});
