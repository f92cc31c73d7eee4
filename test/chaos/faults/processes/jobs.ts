import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosSet } from '../../chaosSet';
import { type Fault, NothingToBreak } from '../../fault';
import { type AttemptRow, describe, untilEnded } from '../support/attempts';
import { pass } from '../support/pause';
import { isGone, signalAll, untilGone } from '../support/processes';
import { busyWorker, requireSame } from '../support/slots';

/** As the system does when memory runs out. The attempt is retried, and the worker stays. */
const killJobs: Fault = {
  kind: 'SIGKILL of job processes',
  part: 'worker',
  weight: 2,
  inflict: async (target) => {
    const { set, random } = target;
    const { worker, pid, running } = await busyWorker(target);
    await pass(random, 0, 1_500);
    // Which process has an attempt can't be seen, and the spare ones are worth killing, too.
    const killed = signalAll(worker.jobPids(), 'SIGKILL');
    if (killed.length === 0) throw new NothingToBreak(`worker ${worker.number} has no job process`);
    await untilGone(killed);
    const ended = await untilEnded(set, running, NOTICED_WITHIN);
    requireSame(worker, pid);
    return `${killed.length} job processes of worker ${worker.number} were killed: ${describe(ended)}`;
  },
};

/** The outcome of the attempt is written when Postgres answers. Milliseconds. */
const NOTICED_WITHIN = 60_000;

/** Supervisors send it to whole groups. A job process leaves it to its worker. */
const terminateJobs: Fault = {
  kind: 'SIGTERM of job processes',
  part: 'worker',
  inflict: async (target) => {
    const { set, random } = target;
    const { worker, pid, running } = await busyWorker(target);
    await pass(random, 0, 1_500);
    const reached = signalAll(worker.jobPids(), 'SIGTERM');
    if (reached.length === 0)
      throw new NothingToBreak(`worker ${worker.number} has no job process`);
    await sleep(TAKES_EFFECT_WITHIN);
    requireSame(worker, pid);
    const left = reached.filter((job) => !isGone(job)).length;
    await requireNotEndedBy(set, running, 'SIGTERM');
    return `${reached.length} job processes of worker ${worker.number} got SIGTERM, ${left} are still there, beside ${describe(running)}`;
  },
};

async function requireNotEndedBy(
  { postgres }: ChaosSet,
  attempts: readonly AttemptRow[],
  signal: string,
): Promise<void> {
  const ids = attempts.map(({ id }) => id);
  const ended = postgres.sql<{ migration: string }[]>`
    select migration from long_running_migrations.attempts
    where id = any(${ids}::bigint[]) and error like ${`%(${signal})%`}`;
  const [first] = await ended.catch(() => []);
  if (first) throw new Error(`an attempt of ${first.migration} was ended by ${signal}`);
}

/** Milliseconds. */
const TAKES_EFFECT_WITHIN = 1_000;

export const jobFaults: readonly Fault[] = [killJobs, terminateJobs];
