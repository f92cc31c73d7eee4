import { changedBuild, inEachTurn } from '../../../support/changedBuild';
import { waitFor } from '../../../support/waitFor';
import type { ChaosSet, WorkerSlot } from '../../chaosSet';
import type { Fault } from '../../fault';
import { succeeds } from '../support/lrm';
import { pass } from '../support/pause';
import { ENDED, readRow, untilRow } from '../support/rows';
import { revive, untilEnded } from '../support/slots';
import { createNewerJob, type NewerJob } from './newerJob';
import { endIfStuck, isPatched, PATCH } from './patchedRun';

/** A newer version of the package asks Temporal for something else than the older one. */
const NEWER = inEachTurn(`if ((0, workflow.patched)('${PATCH}')) await (0, workflow.sleep)(1);`);

/**
 * One worker after the other is replaced by one of a newer build, so that both work beside each other;
 * later all go back. A run that the newer build has changed can't go on then.
 */
export const rollingDeploy: Fault = {
  kind: 'rolling deploy of another build, and back',
  part: 'worker',
  needs: ['postgres', 'temporal'],
  inflict: async ({ set, random, breaks }) => {
    breaks(undefined);
    const build = changedBuild(NEWER);
    const job = await createNewerJob(set, random);
    try {
      await succeeds(set, 1, 'register', job.name);
      for (const slot of set.workers) {
        await replace(set, slot, build.worker, job.folder);
        await pass(random, 0, 1_500);
      }
      const patched = await waitFor('the newer build to run the run', () => isPatched(set), 45_000);
      const row = await untilRow(set, job.name, 'end', ({ status }) => ENDED.includes(status));
      if (row.status !== 'completed') throw new Error(`${job.name} is ${row.status}: ${row.error}`);
      await job.verify();
      // All at once, as one who is in a hurry.
      await Promise.all(set.workers.map((slot) => replace(set, slot, undefined, undefined)));
      const how = await endIfStuck(set, patched);
      await succeeds(set, 1, 'unregister', job.name, '--yes');
      return `the newer build has run ${patched}, and ${job.name} by ${row.attempts} attempts; ${how}`;
    } finally {
      await putBack(set, job);
      build.remove();
    }
  },
};

async function replace(
  set: ChaosSet,
  slot: WorkerSlot,
  script: string | undefined,
  jobs: string | undefined,
): Promise<void> {
  const what = script ? 'the newer build' : 'the build as before';
  set.timeline.event(`worker ${slot.number}`, `is replaced by one of ${what}`);
  slot.kill('SIGTERM');
  await untilEnded(slot, STOPS_WITHIN);
  slot.script = script;
  if (jobs === undefined) delete slot.extraEnv['LRM_JOBS_DIR'];
  else slot.extraEnv['LRM_JOBS_DIR'] = jobs;
  await revive(set, slot);
}

/** Milliseconds. */
const STOPS_WITHIN = 30_000;

/** Also when something has failed in the middle. */
async function putBack(set: ChaosSet, job: NewerJob): Promise<void> {
  for (const slot of set.workers) {
    if (slot.script !== undefined) await replace(set, slot, undefined, undefined);
  }
  const left = await readRow(set, job.name).catch(() => undefined);
  if (left) await set.lrm(1, 'unregister', job.name, '--yes');
  await job.remove();
}
