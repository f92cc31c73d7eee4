import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';
import { succeeds } from '../support/lrm';
import { RUN, readRun } from '../support/runs';

/** Of the newer build's workflow code. */
export const PATCH = 'chaos-deploy';

/** @returns the run's ID, when the newer build has left its mark in the history of the run that goes on */
export async function isPatched(set: ChaosSet): Promise<string | undefined> {
  const run = await readRun(set);
  if (run?.status.name !== 'RUNNING') return undefined;
  const { events } = await set.temporal.client.workflow.getHandle(RUN, run.runId).fetchHistory();
  const marked = (events ?? []).some(({ markerRecordedEventAttributes: marker }) =>
    Object.values(marker?.details ?? {}).some(({ payloads }) =>
      payloads?.some(({ data }) => Buffer.from(data ?? []).includes(PATCH)),
    ),
  );
  return marked ? run.runId : undefined;
}

/**
 * The build of before does not know what the newer one has asked Temporal for, so its workflow tasks
 * fail. `lrm status` says so, and to end the run.
 */
export async function endIfStuck(set: ChaosSet, patched: string): Promise<string> {
  const stuck = await waitFor(
    'lrm status to say that the run is stuck, or the run to end',
    async () => {
      if ((await readRun(set))?.runId !== patched) return 'over';
      if ((await readRun(set))?.status.name !== 'RUNNING') return 'over';
      const { stdout, stderr } = await set.lrm(2, 'status');
      return /workflow task keeps failing/.test(stdout + stderr) && 'stuck';
    },
    SAID_WITHIN,
  );
  if (stuck === 'over') return 'its run had ended before the build of before came back';
  await set.temporal.client.workflow.getHandle(RUN, patched).terminate('it is of a newer build');
  await succeeds(set, 1, 'run');
  return 'its run was stuck with the build of before, as lrm status said, and was ended';
}

/** Milliseconds. */
const SAID_WITHIN = 45_000;
