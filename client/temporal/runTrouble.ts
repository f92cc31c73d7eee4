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
}

/** A healthy worker takes a task sooner. Milliseconds. */
const PICKED_UP_WITHIN = 10_000;
const ERROR_AT_MOST = 200;

/** What keeps a run from going on. */
export interface Trouble {
  readonly kind: 'version' | 'failing' | 'forgotten' | 'no worker' | 'silent worker';
  /** What is wrong, and what to type. */
  readonly line: string;
}

/** Null when nothing keeps the run from going on. */
export function runTrouble(
  run: RunProgress | null,
  { workers, versions }: Workers,
): Trouble | null {
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
      `temporal workflow terminate --workflow-id ${WORKFLOW_ID}, then npx lrm run`;
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
  const attempt = info.attempt ?? 1;
  const since = Number(info.originalScheduledTime?.seconds ?? info.scheduledTime?.seconds ?? 0);
  return {
    attempt,
    error: attempt > 1 ? await lastError(client) : null,
    waitingSince: info.state === SCHEDULED && since > 0 ? new Date(since * 1000) : null,
  };
}

/** Events, newest first: the failure may be followed by signals that came in since. */
const LOOK_BACK = 50;

/** What the workflow task failed with. Of several failures in a row, the history has only the first. */
async function lastError(client: Client): Promise<string | null> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId: WORKFLOW_ID },
    maximumPageSize: LOOK_BACK,
  });
  for (const event of history?.events ?? []) {
    const { failure, identity } = event.workflowTaskFailedEventAttributes ?? {};
    if (failure) return plainText(await failureText(client, failure, identity));
  }
  return null;
}
