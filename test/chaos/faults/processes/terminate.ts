import type { Fault, Target } from '../../fault';
import { type AttemptRow, describe, untilEnded } from '../support/attempts';
import { pass } from '../support/pause';
import { busyWorker, revive, untilEnded as untilWorkerEnded } from '../support/slots';

/** Running attempts stop at a safe point, and say so in their rows before the worker ends. */
const terminate: Fault = {
  kind: 'SIGTERM of a worker',
  part: 'worker',
  needs: ['postgres'],
  inflict: (target) => stopWorker(target, 1),
};

/** As impatient people and some supervisors do. */
const terminateTwice: Fault = {
  kind: 'SIGTERM of a worker, twice',
  part: 'worker',
  needs: ['postgres'],
  inflict: (target) => stopWorker(target, 2),
};

async function stopWorker(target: Target, times: number): Promise<string> {
  const { set, random } = target;
  const { worker, running } = await busyWorker(target);
  await pass(random, 0, 1_500);
  for (let time = 1; time <= times; time++) {
    if (time > 1) await pass(random, 0, 200);
    if (worker.pid !== undefined) worker.kill('SIGTERM');
  }
  const since = performance.now();
  await untilWorkerEnded(worker, STOPS_WITHIN);
  const took = Math.round(performance.now() - since);
  // The second signal may end it before its last words: then the next claim writes the outcome.
  if (times > 1) await revive(set, worker);
  const ended = await untilEnded(set, running, times > 1 ? CLAIMED_WITHIN : WRITTEN_WITHIN);
  requireOutcomes(ended);
  await pass(random, 0, 2_000);
  await revive(set, worker);
  return `worker ${worker.number} ended ${took} ms after SIGTERM: ${describe(ended)}`;
}

/** Grace of the jobs, the last words, and a slow machine. Milliseconds. */
const STOPS_WITHIN = 60_000;
/** The outcome is in the row before the process ends; this is for the statement that reads it. */
const WRITTEN_WITHIN = 2_000;
/** Another worker takes over after the heartbeat timeout, unless Temporal is away for a while. */
const CLAIMED_WITHIN = 90_000;

/** Only who is not stopped properly is found by the next claim, and called lost. */
function requireOutcomes(ended: readonly AttemptRow[]): void {
  const failed = ended.filter(({ outcome }) => outcome === 'failed');
  if (failed.length > 0) throw new Error(`failed by SIGTERM of the worker: ${describe(failed)}`);
}

export const terminations: readonly Fault[] = [terminate, terminateTwice];
