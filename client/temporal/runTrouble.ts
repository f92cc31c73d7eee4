import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { plainText } from '../../settings/plainText';
import { oneLine } from '../../settings/screenText';
import { WORKFLOW_ID } from '../../settings/settings';
import { time } from '../status/format';
import { failureText } from './failureText';
import { versionTrouble } from './versions';
import type { Workers } from './workers';

/** The run's workflow task: it shows whether the run can go on. */
export interface RunTask {
  /** More than 1 when the task failed, or its worker died. */
  readonly attempt: number;
  /** The last failure; null when Temporal has none. */
  readonly error: string | null;
  /** Since when the task waits for a worker; null while a worker has it. */
  readonly waitingSince: Date | null;
}

/** What shows whether the run can go on. */
export interface RunProgress {
  /** Null when the run only waits for its attempts. */
  readonly task: RunTask | null;
  /** True: nothing is pending that could make the run go on. A healthy run then ends. */
  readonly waitsForNothing: boolean;
  /** The type of a workflow that is not ours and has the run's ID. Null: it is the run. */
  readonly otherType: string | null;
}

/** A healthy worker takes a task sooner. Milliseconds. */
const PICKED_UP_WITHIN = 10_000;
const ERROR_AT_MOST = 200;
const TERMINATE = `temporal workflow terminate --workflow-id ${WORKFLOW_ID}`;

/** What keeps a run from going on. */
export interface Trouble {
  readonly kind: 'version' | 'not ours' | 'failing' | 'forgotten' | 'no worker' | 'silent worker';
  /** What is wrong, and what to type. */
  readonly line: string;
}

/** Null when nothing keeps the run from going on. */
export function runTrouble(
  run: RunProgress | null,
  { workers, versions }: Workers,
): Trouble | null {
  const notOurs = run && otherWorkflow(run);
  if (notOurs) return { kind: 'not ours', line: notOurs };
  // Also without a task: the next one will not be taken, and neither will the next attempts.
  const version = versionTrouble(versions);
  if (version !== null) return { kind: 'version', line: version };
  if (run?.waitsForNothing) return { kind: 'forgotten', line: FORGOTTEN };
  const task = run?.task;
  if (!task) return null;
  if (task.attempt > 1) {
    const why = task.error ? `: ${oneLine(task.error, ERROR_AT_MOST)}` : '';
    const line =
      `the run's workflow task keeps failing (attempt ${task.attempt}${why}), so the run starts nothing. ` +
      "Look at the worker's log and version; to start again without losing anything: " +
      `${TERMINATE}, then npx lrm run`;
    return { kind: 'failing', line };
  }
  if (!task.waitingSince) return null;
  if (workers.length === 0) {
    return { kind: 'no worker', line: 'the run waits for a worker: start one (npx lrm worker)' };
  }
  if (Date.now() - task.waitingSince.getTime() < PICKED_UP_WITHIN) return null;
  const line =
    `the run has been waiting for a worker since ${time(task.waitingSince)}, although ${workers[0]} ` +
    'was polling lately: is it alive? To start one: npx lrm worker';
  return { kind: 'silent worker', line };
}

/** A workflow that somebody has started under the run's ID. Null: it is the run. */
export const otherWorkflow = ({ otherType }: RunProgress): string | null =>
  otherType === null
    ? null
    : `a workflow of another type, '${oneLine(otherType, TYPE_AT_MOST)}', has the ID of the run, so no run can ` +
      `start. To end it: ${TERMINATE}, then npx lrm run`;

const TYPE_AT_MOST = 100;

/** Workers keep the run in memory. One that remembers more than Temporal does waits for lost answers. */
export const FORGOTTEN =
  'the run waits for something that Temporal has lost (was its server restored to an earlier time?), ' +
  'so the run starts nothing. Restart all workers, then type: npx lrm run';

/** The value of Temporal's enum PendingWorkflowTaskState. */
const SCHEDULED = 1;

/** Reads the workflow task from the description of the run. */
export async function readTask(
  client: Client,
  info: temporal.api.workflow.v1.IPendingWorkflowTaskInfo | null | undefined,
): Promise<RunTask | null> {
  if (!info) return null;
  const pending = info.attempt ?? 1;
  const { failures, error } = await readFailures(client);
  // Each signal sets the attempt back to 1, also while every one of them fails.
  const attempt = Math.max(pending, failures + 1);
  const since = Number(info.originalScheduledTime?.seconds ?? info.scheduledTime?.seconds ?? 0);
  return {
    attempt,
    error: attempt > 1 ? error : null,
    waitingSince: info.state === SCHEDULED && since > 0 ? new Date(since * 1000) : null,
  };
}

/** Events, newest first: a failure may be followed by signals that came in since. */
const LOOK_BACK = 50;

/** Values of Temporal's enum WorkflowTaskFailedCause for failures of no worker: another task follows. */
const HARMLESS = {
  /** A signal came in while the task was being completed. */
  unhandledCommand: 1,
  /** Somebody has reset the run to this place. */
  resetWorkflow: 20,
};

/**
 * How often the workflow task has failed since one succeeded, and the last error. Of several failures in a
 * row without a signal in between, the history has only the first.
 */
async function readFailures(client: Client): Promise<{ failures: number; error: string | null }> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId: WORKFLOW_ID },
    maximumPageSize: LOOK_BACK,
  });
  let failures = 0;
  let error: string | null = null;
  for (const event of history?.events ?? []) {
    if (event.workflowTaskCompletedEventAttributes) break;
    const { failure, identity, cause } = event.workflowTaskFailedEventAttributes ?? {};
    if (!failure || Object.values(HARMLESS).includes(Number(cause))) continue;
    failures++;
    error ??= plainText(await failureText(client, failure, identity));
  }
  return { failures, error };
}
