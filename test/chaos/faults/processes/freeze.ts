import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, NothingToBreak, type Target } from '../../fault';
import { whileFrozen } from '../frozen';
import { describe, untilEnded } from '../support/attempts';
import { pass } from '../support/pause';
import { busyWorker, requireSame } from '../support/slots';

/** It goes on as if nothing had been. */
const shortFreeze: Fault = {
  kind: 'SIGSTOP of a worker, shorter than the heartbeat timeout',
  part: 'worker',
  inflict: async (target) => {
    const { set, random } = target;
    const { worker, pid, running } = await busyWorker(target);
    await pass(random, 0, 1_500);
    const longest = Math.round(set.heartbeatTimeout * 0.6);
    const time = await whileFrozen([pid], () => pass(random, 200, longest));
    await sleep(AFTER);
    requireSame(worker, pid);
    return `worker ${worker.number} was frozen for ${time} ms beside ${describe(running)}`;
  },
};

/**
 * Another worker takes over. Then this one wakes up, and must notice, with its jobs, that they are no
 * longer the current ones.
 */
const longFreeze: Fault = {
  kind: 'SIGSTOP of a worker, longer than the heartbeat timeout',
  part: 'worker',
  weight: 2,
  inflict: (target) => freezeLong(target, false),
};

/** As when a virtual machine is paused. */
const longFreezeOfAll: Fault = {
  kind: 'SIGSTOP of a worker with its jobs, longer than the heartbeat timeout',
  part: 'worker',
  weight: 2,
  inflict: (target) => freezeLong(target, true),
};

async function freezeLong(target: Target, withJobs: boolean): Promise<string> {
  const { set, random } = target;
  const { worker, pid, running } = await busyWorker(target);
  await pass(random, 0, 1_500);
  const jobs = withJobs ? worker.jobPids() : [];
  // In this order they wake up: a job may be alone for a moment.
  const pids = random.chance(0.5) ? [pid, ...jobs] : [...jobs, pid];
  const { heartbeatTimeout } = set;
  const time = await whileFrozen(pids, () =>
    pass(random, heartbeatTimeout + 2_000, heartbeatTimeout + 12_000),
  );
  const ended = await untilEnded(set, running, TAKEN_OVER_WITHIN);
  requireSame(worker, pid);
  const what = withJobs ? ` and ${jobs.length} job processes` : '';
  return `worker ${worker.number}${what} slept for ${time} ms: ${describe(ended)}`;
}

/** Longer than a worker needs to notice that its time has passed. Milliseconds. */
const AFTER = 1_000;
/** Another worker may be busy, or Postgres be broken by another fault. Milliseconds. */
const TAKEN_OVER_WITHIN = 60_000;

/** Its worker goes on, and sends heartbeats for it: it has to wait. */
const freezeJob: Fault = {
  kind: 'SIGSTOP of a job process',
  part: 'worker',
  inflict: async (target) => {
    const { set, random } = target;
    const { worker, pid, running } = await busyWorker(target);
    await pass(random, 0, 1_500);
    const all = worker.jobPids();
    if (all.length === 0) throw new NothingToBreak(`worker ${worker.number} has no job process`);
    const jobs = random.chance(0.5) ? all : [random.pick(all)];
    const longest = set.heartbeatTimeout * (random.chance(0.5) ? 2 : 0.6);
    const time = await whileFrozen(jobs, () => pass(random, 200, Math.round(longest)));
    await sleep(AFTER);
    requireSame(worker, pid);
    return (
      `${jobs.length} job processes of worker ${worker.number} were frozen for ${time} ms ` +
      `beside ${describe(running)}`
    );
  },
};

export const freezes: readonly Fault[] = [shortFreeze, longFreeze, longFreezeOfAll, freezeJob];
