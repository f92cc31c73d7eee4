import { expect, test } from '@jest/globals';
import type { ChaosSet, WorkerSlot } from './chaosSet';
import type { Fault } from './fault';
import { startNemesis } from './nemesis';
import { createRandom } from './random';

// The checks take a fault for a reason only on the worker that it broke.
test('a fault is recorded with the worker that it broke, not with the one that it was given', async () => {
  const workers = [{ number: 1 }, { number: 2 }] as WorkerSlot[];
  const during: ChaosSet['timeline']['during'] = (_lane, _what, body) => body();
  const set = { workers, timeline: { event: () => {}, during } } as unknown as ChaosSet;
  const given: number[] = [];
  const fault = (kind: string, broken: (worker: WorkerSlot) => WorkerSlot | undefined): Fault => ({
    kind,
    part: 'worker',
    inflict: async ({ worker, breaks }) => {
      given.push(worker.number);
      if (kind !== 'the given one') breaks(broken(worker));
      return kind;
    },
  });
  const other = ({ number }: WorkerSlot) => workers.find((each) => each.number !== number);
  for (const [kind, broken, expected] of [
    ['the given one', other, (number: number) => number],
    ['another one', other, (number: number) => 3 - number],
    ['all of them', () => undefined, () => undefined],
  ] as const) {
    const nemesis = startNemesis(set, [fault(kind, broken)], createRandom('1'), () => {});
    await nemesis.stop();
    expect(nemesis.inflicted.map(({ worker }) => worker)).toEqual([expected(given.at(-1) ?? 0)]);
  }
});
