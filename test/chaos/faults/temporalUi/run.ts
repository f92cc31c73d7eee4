import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';
import { type Fault, NothingToBreak, type Target } from '../../fault';
import { describe, PATIENCE, untilEnded, whileItRuns } from '../support/attempts';
import { succeeds } from '../support/lrm';
import { pass } from '../support/pause';
import { allEnded } from '../support/rows';
import { RUN, readRun, requireOneRun } from '../support/runs';

type Ending = 'CANCELED' | 'TERMINATED' | 'deleted' | 'reset';

/** The rows stay in_progress, and the next run goes on. */
const endings: Readonly<Record<Ending, (set: ChaosSet, runId: string) => Promise<unknown>>> = {
  CANCELED: ({ temporal }, runId) => temporal.client.workflow.getHandle(RUN, runId).cancel(),
  TERMINATED: ({ temporal }, runId) =>
    temporal.client.workflow.getHandle(RUN, runId).terminate('chaos'),
  deleted: ({ temporal: { client } }, runId) =>
    client.workflowService.deleteWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId: RUN, runId },
    }),
  reset: resetRun,
};

const fault = (kind: string, ending: Ending): Fault => ({
  kind,
  part: 'temporal',
  needs: ['postgres'],
  inflict: (target) => endRun(target, ending),
});

export const runFaults: readonly Fault[] = [
  fault('Cancel of the run in Temporal', 'CANCELED'),
  fault('Terminate of the run in Temporal', 'TERMINATED'),
  fault('deletion of the run in Temporal', 'deleted'),
  fault('Reset of the run in Temporal', 'reset'),
];

async function endRun({ set, random }: Target, ending: Ending): Promise<string> {
  const running = await whileItRuns(set, PATIENCE);
  const run = await readRun(set);
  if (run?.status.name !== 'RUNNING') throw new NothingToBreak('no run is going');
  await pass(random, 0, 1_500);
  await endings[ending](set, run.runId);
  set.timeline.event('temporal', `the run ${run.runId} is ${ending}`);
  const status = await untilOver(set, run.runId, ending);
  const ended = await untilEnded(set, running, STOPS_WITHIN);
  // The Schedule would do the same, at its next tick.
  if (random.chance(0.5)) await succeeds(set, 1, 'run');
  await untilOtherRun(set, run.runId);
  await requireOneRun(set);
  return `the run was ${status}: ${describe(ended)}; another one went on`;
}

/** Workers that are broken at the same time can't stop: then their timeouts have to pass. Milliseconds. */
const STOPS_WITHIN = 60_000;

/** @returns how it ended */
async function untilOver(set: ChaosSet, runId: string, ending: Ending): Promise<string> {
  return waitFor(
    `the run ${runId} to be ${ending}`,
    async () => {
      const status = (await readRun(set, runId))?.status.name ?? 'deleted';
      return status !== 'RUNNING' && status;
    },
    STOPS_WITHIN,
  );
}

async function untilOtherRun(set: ChaosSet, runId: string): Promise<void> {
  await waitFor(
    'another run, or nothing left to run',
    async () => {
      const run = await readRun(set);
      return (run && run.runId !== runId) || (await allEnded(set));
    },
    STOPS_WITHIN,
  );
}

/** To a workflow task of its, which one can choose in the Web UI. */
async function resetRun({ temporal }: ChaosSet, runId: string): Promise<void> {
  const { client } = temporal;
  const { events } = await client.workflow.getHandle(RUN, runId).fetchHistory();
  const done = (events ?? []).filter(({ workflowTaskCompletedEventAttributes: task }) => task);
  // One in the middle: what was done after it is done again.
  const event = done[Math.floor(done.length / 2)];
  if (!event?.eventId) throw new Error('the run has not completed a workflow task');
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId: RUN, runId },
    reason: 'chaos',
    workflowTaskFinishEventId: event.eventId,
    requestId: `chaos-${runId}`,
  });
}
