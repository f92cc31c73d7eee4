import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { TASK_QUEUE, WORKFLOW_ID } from '../../settings/settings';
import {
  type Finalize,
  finalizeSignal,
  MIGRATIONS_FAILED,
  type RunResult,
  statusChangedSignal,
} from '../../workflows/contract';

/** The run's workflow, as far as a client has to do with it. */
export type Run = WorkflowHandle<() => Promise<RunResult>>;

const start = {
  taskQueue: TASK_QUEUE,
  workflowId: WORKFLOW_ID,
} as const;

/** Starts a run, unless one is going: there is never a second. */
export async function startRun(client: Client): Promise<{ run: Run; started: boolean }> {
  try {
    await client.workflow.start('executeLongRunningMigrations', {
      ...start,
      args: [],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
    return { run: theRun(client), started: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // It may wait for one migration's end while a slot is free for what was registered since.
    await wakeRun(client);
    return { run: theRun(client), started: false };
  }
}

/** Tells the run to do these at once, in slots of their own; starts one if none is going. */
export async function finalizeNow(client: Client, migrations: Finalize[]): Promise<Run> {
  await client.workflow.signalWithStart('executeLongRunningMigrations', {
    ...start,
    args: [],
    signal: finalizeSignal,
    signalArgs: [migrations],
  });
  return theRun(client);
}

/** A run that is going looks again for what is pending; without one, nothing happens. */
export async function wakeRun(client: Client): Promise<void> {
  await theRun(client).signal(statusChangedSignal).catch(ignoreNotFound);
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** By its ID alone: it may continue as new. */
const theRun = (client: Client): Run => client.workflow.getHandle(WORKFLOW_ID);

/**
 * Waits for the run's end: its result, also when it failed because migrations did; undefined when
 * somebody cancelled or terminated it in Temporal.
 */
export async function resultOf(run: Run): Promise<RunResult | undefined> {
  try {
    return await run.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (!(cause instanceof ApplicationFailure)) return undefined;
    if (cause.type !== MIGRATIONS_FAILED)
      throw new OperationRefused(`the run failed: ${cause.message}`);
    return cause.details?.[0] as RunResult;
  }
}
