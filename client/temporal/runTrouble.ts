import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { plainText } from '../../settings/plainText';
import { oneLine } from '../../settings/screenText';
import { WORKFLOW_ID } from '../../settings/settings';
import { time } from '../status/format';

/** What the run's workflow task says of the run's health. */
export interface RunTask {
  /** How often it was tried; more than once: it failed, or its worker died. */
  readonly attempt: number;
  /** What it failed with; null where Temporal doesn't say. */
  readonly error: string | null;
  /** Since when it waits for a worker; null while one has it. */
  readonly waitingSince: Date | null;
}

/** Between two tasks a worker that is well needs no longer. Milliseconds. */
const PICKED_UP_WITHIN = 10_000;
const ERROR_AT_MOST = 200;

/** What keeps a run from going on. */
export interface Trouble {
  readonly kind: 'failing' | 'no worker' | 'silent worker';
  /** What is wrong, and what to type. */
  readonly line: string;
}

/** Null when nothing keeps the run from going on. */
export function runTrouble(task: RunTask | null, workers: readonly string[]): Trouble | null {
  if (!task) return null;
  if (task.attempt > 1) {
    const why = task.error ? `: ${oneLine(task.error, ERROR_AT_MOST)}` : '';
    const line =
      `the run's workflow task keeps failing (attempt ${task.attempt}${why}), so the run starts nothing. ` +
      "Look at the worker's log and version; to begin anew, losing nothing: " +
      `temporal workflow terminate --workflow-id ${WORKFLOW_ID}, then npx lrm run`;
    return { kind: 'failing', line };
  }
  if (!task.waitingSince) return null;
  if (workers.length === 0) {
    return { kind: 'no worker', line: 'the run waits for a worker: start one (npm run worker)' };
  }
  if (Date.now() - task.waitingSince.getTime() < PICKED_UP_WITHIN) return null;
  const line =
    `the run has been waiting for a worker since ${time(task.waitingSince)}, although ${workers[0]} ` +
    'was polling lately: is it alive? To start one: npm run worker';
  return { kind: 'silent worker', line };
}

/** In Temporal's API. */
const SCHEDULED = 1;

/** Reads it from the description of the run. */
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

/** As many events back it stands at most: a failure and what came in since. */
const LOOK_BACK = 50;

/** What the workflow task failed with: Temporal keeps only the first of a row of failures. */
async function lastError(client: Client): Promise<string | null> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId: WORKFLOW_ID },
    maximumPageSize: LOOK_BACK,
  });
  for (const event of history?.events ?? []) {
    const message = event.workflowTaskFailedEventAttributes?.failure?.message;
    if (message) return plainText(message);
  }
  return null;
}
