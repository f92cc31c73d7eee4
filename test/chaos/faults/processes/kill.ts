import type { Fault, Target } from '../../fault';
import { describe, PATIENCE, whileItRuns } from '../support/attempts';
import { pass } from '../support/pause';
import { signalAll, untilGone } from '../support/processes';
import { busyWorker, revive } from '../support/slots';

/** The jobs notice that their worker is gone, and end themselves. */
const killWorker: Fault = {
  kind: 'SIGKILL of a worker',
  part: 'worker',
  weight: 3,
  inflict: (target) => killOne(target, () => ''),
};

/** As when its container or its machine ends. */
const killWithJobs: Fault = {
  kind: 'SIGKILL of a worker with all its processes',
  part: 'worker',
  inflict: (target) =>
    killOne(target, (jobs) => ` with ${signalAll(jobs, 'SIGKILL').length} job processes`),
};

/** @param more done to its job processes at once; returns what, to be said */
async function killOne(target: Target, more: (jobs: readonly number[]) => string): Promise<string> {
  const { set, random } = target;
  const { worker, pid, running } = await busyWorker(target);
  await pass(random, 0, 1_500);
  const jobs = worker.jobPids();
  worker.kill('SIGKILL');
  const also = more(jobs);
  await worker.ended();
  await untilGone([pid, ...jobs]);
  await pass(random, 0, 3_000);
  await revive(set, worker);
  return `worker ${worker.number} was killed${also} beside ${describe(running)}`;
}

/** Nobody is left who could take over, until they are back. */
const killAll: Fault = {
  kind: 'SIGKILL of all workers at once',
  part: 'worker',
  inflict: async ({ set, random, breaks }: Target) => {
    breaks(undefined);
    const running = await whileItRuns(set, PATIENCE);
    await pass(random, 0, 1_500);
    const workers = set.workers.filter(({ pid }) => pid !== undefined);
    if (workers.length === 0) throw new Error('no worker runs');
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(workers.map((worker) => worker.ended()));
    await pass(random, 0, 3_000);
    await Promise.all(set.workers.map((worker) => revive(set, worker)));
    return `${workers.length} workers were killed beside ${describe(running)}`;
  },
};

export const kills: readonly Fault[] = [killWorker, killWithJobs, killAll];
