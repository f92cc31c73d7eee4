import type { ChaosSet } from '../../chaosSet';
import { type Fault, NothingToBreak, type Target } from '../../fault';
import { type AttemptRow, describe, PATIENCE, untilEnded, whileItRuns } from '../support/attempts';
import { succeeds } from '../support/lrm';
import { pass } from '../support/pause';
import { ENDED, readRow, untilRow } from '../support/rows';
import { RUN } from '../support/runs';

/** Its attempt stops, its slot stays taken, and its row stays in_progress. */
const pause: Fault = {
  kind: 'Pause and Unpause of an activity in Temporal',
  part: 'temporal',
  needs: ['postgres'],
  weight: 2,
  inflict: (target) =>
    steer(target, 'pauseActivity', async (attempt) => {
      const { set, random } = target;
      const [ended] = await untilPaused(set, attempt);
      const held = await pass(random, 500, 5_000);
      const row = await readRow(set, attempt.migration);
      // An attempt that was at its end has completed it, or an operator has stopped it meanwhile.
      const goesOn = row.status === 'in_progress';
      if (goesOn && row.attempts !== attempt.number && ended?.outcome === 'paused') {
        throw new Error(
          `${attempt.migration} is paused in Temporal, and another attempt has begun`,
        );
      }
      const byLrm = random.chance(0.5);
      if (goesOn) {
        if (byLrm) await succeeds(set, 1, 'resume', attempt.migration);
        else await call(set, 'unpauseActivity', attempt.migration);
        await untilGoesOn(set, attempt);
      }
      return `for ${held} ms, then ${byLrm ? 'lrm resume' : 'Unpause'}: ${describe(ended ? [ended] : [])}`;
    }),
};

/** An attempt whose outcome can't be written keeps its row as it is: nobody claims it while it is paused. */
async function untilPaused(set: ChaosSet, attempt: AttemptRow): Promise<readonly AttemptRow[]> {
  try {
    return await untilEnded(set, [attempt], STOPS_WITHIN);
  } catch (error) {
    await call(set, 'unpauseActivity', attempt.migration);
    throw error;
  }
}

/** Its attempt stops and another one begins. */
const reset: Fault = {
  kind: 'Reset of an activity in Temporal',
  part: 'temporal',
  needs: ['postgres'],
  inflict: (target) =>
    steer(target, 'resetActivity', async (attempt) => {
      const ended = await untilEnded(target.set, [attempt], STOPS_WITHIN);
      await untilGoesOn(target.set, attempt);
      return describe(ended);
    }),
};

/** A worker that is broken by another fault can't stop: then its timeout has to pass. Milliseconds. */
const STOPS_WITHIN = 60_000;

type Call = 'pauseActivity' | 'unpauseActivity' | 'resetActivity';

/** Does it to an activity that runs; to another one when it ends before. */
async function steer(
  { set, random }: Target,
  what: Call,
  then: (attempt: AttemptRow) => Promise<string>,
): Promise<string> {
  for (let tries = 1; tries <= 5; tries++) {
    const running = await whileItRuns(set, PATIENCE);
    if (running.length === 0) break;
    const attempt = random.pick(running);
    await pass(random, 0, 500);
    if (await call(set, what, attempt.migration)) {
      return `${what} of ${attempt.migration}: ${await then(attempt)}`;
    }
  }
  throw new NothingToBreak(`no activity runs for ${what}`);
}

/** @returns false: there is no such activity any more */
async function call(
  { temporal, timeline }: ChaosSet,
  what: Call,
  migration: string,
): Promise<boolean> {
  const { workflowService, options } = temporal.client;
  const request = {
    namespace: options.namespace,
    execution: { workflowId: RUN },
    identity: 'chaos',
    id: migration,
  };
  const calls: Record<Call, () => Promise<unknown>> = {
    pauseActivity: () => workflowService.pauseActivity(request),
    unpauseActivity: () => workflowService.unpauseActivity(request),
    resetActivity: () => workflowService.resetActivity(request),
  };
  try {
    await calls[what]();
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) return false;
    throw error;
  }
  timeline.event('temporal', `${what} ${migration}`);
  return true;
}

/** Of gRPC. */
const NOT_FOUND = 5;

/** @throws Error when no other attempt begins, and the migration does not end either */
async function untilGoesOn(set: ChaosSet, { migration, number }: AttemptRow): Promise<void> {
  await untilRow(
    set,
    migration,
    'go on',
    ({ status, attempts }) =>
      attempts > number || ENDED.includes(status) || status === 'paused' || status === 'cancelled',
  );
}

export const activityFaults: readonly Fault[] = [pause, reset];
