import { ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { ChaosSet } from '../../chaosSet';
import type { Fault } from '../../fault';
import { succeeds } from '../support/lrm';
import { pass } from '../support/pause';
import { RUN, requireOneRun } from '../support/runs';

/** It has the same ID as the run. */
const handle = ({ temporal }: ChaosSet) => temporal.client.schedule.getHandle(RUN);

async function exists(set: ChaosSet): Promise<boolean> {
  try {
    await handle(set).describe();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

/** What runs goes on; no other run begins by itself until it is back. */
const deletion: Fault = {
  kind: 'the Schedule deleted and created',
  part: 'temporal',
  needs: ['postgres'],
  inflict: async (target) => {
    const { set, random } = target;
    await handle(set).delete();
    if (await exists(set)) throw new Error('the Schedule is still there after its deletion');
    const without = await pass(random, 1_000, 10_000);
    const both = await Promise.all([succeeds(set, 1, 'schedule'), succeeds(set, 2, 'schedule')]);
    if (!(await exists(set))) throw new Error('lrm schedule has created no Schedule');
    const said = both.map(({ stdout }) => (/created/.test(stdout) ? 'created' : 'updated'));
    return `the Schedule was away for ${without} ms, then ${said.join(' and ')}`;
  },
};

/** As when Temporal catches up, or somebody is impatient. */
const manyTicks: Fault = {
  kind: 'the Schedule triggered many times at once',
  part: 'temporal',
  inflict: async ({ set, random }) => {
    const times = random.integer(10, 30);
    const schedule = handle(set);
    const ticks = Array.from({ length: times }, () =>
      schedule.trigger(ScheduleOverlapPolicy.ALLOW_ALL),
    );
    await Promise.all(ticks);
    await pass(random, 1_000, 5_000);
    await requireOneRun(set);
    return `${times} ticks were triggered`;
  },
};

export const scheduleFaults: readonly Fault[] = [deletion, manyTicks];
