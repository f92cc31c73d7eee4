import { waitFor } from '../../../support/waitFor';
import type { Fault } from '../../fault';
import { NothingToBreak } from '../../fault';
import { stateOf } from '../frozen';
import { type Limit, whileLimited, whyNoLimit } from './cgroup';

/** Pages that a process got before it came into the group are not counted, so it reaches this soon. */
const MEMORY = '2097152';
export const outOfMemoryLimit: Limit = {
  controller: 'memory',
  first: { 'memory.limit_in_bytes': MEMORY },
  second: { 'memory.max': MEMORY, 'memory.swap.max': '0' },
};

const unavailable = () => whyNoLimit('memory');

/** The kernel kills what needs more memory than its container may have. */
export const outOfMemory: readonly Fault[] = [
  {
    kind: 'out of memory: job processes',
    part: 'worker',
    unavailable,
    inflict: async ({ worker }) => {
      const pids = await waitFor('a job process', () => {
        const found = worker.jobPids();
        return found.length > 0 && found;
      }).catch(() => {
        throw new NothingToBreak('the worker had no job process');
      });
      const killed = await whileLimited(outOfMemoryLimit, pids, () => untilKilled(pids, 1));
      return `the kernel killed ${killed} of ${pids.length}`;
    },
  },
  {
    kind: 'out of memory: a worker with its job processes',
    part: 'worker',
    unavailable,
    inflict: async ({ worker }) => {
      const { pid } = worker;
      if (pid === undefined) throw new NothingToBreak('no worker runs in this place');
      const pids = [pid, ...worker.jobPids()];
      await whileLimited(outOfMemoryLimit, pids, () => untilKilled([pid], 1));
      await worker.ended();
      await worker.start();
      return `the kernel killed process ${pid}`;
    },
  },
];

/** An idle one needs no memory, and lives on. */
async function untilKilled(pids: readonly number[], least: number): Promise<number> {
  return waitFor('the kernel to kill for want of memory', () => {
    const killed = pids.filter((pid) => 'XZ'.includes(stateOf(pid))).length;
    return killed >= least && killed;
  }).catch(() => {
    throw new NothingToBreak('nothing needed memory');
  });
}
