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
import { ABOUT_RUN } from '../../workflows/about';
import {
  type Finalize,
  finalizeSignal,
  MIGRATIONS_FAILED,
  type RunResult,
  statusChangedSignal,
  tickSignal,
} from '../../workflows/contract';

/** A handle of the run's workflow. */
export type Run = WorkflowHandle<() => Promise<RunResult>>;

/** The type of its workflow. */
export const RUN_TYPE = 'executeLongRunningMigrations';

const start = {
  ...ABOUT_RUN,
  taskQueue: TASK_QUEUE,
  workflowId: WORKFLOW_ID,
} as const;

/** Starts a run unless one is going: there is never more than one. */
export async function startRun(client: Client): Promise<{ run: Run; started: boolean }> {
  try {
    await client.workflow.start(RUN_TYPE, {
      ...start,
      args: [],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
    return { run: theRun(client), started: true };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // It may wait for a migration to end although a slot is free for what was registered since.
    await wakeRun(client);
    return { run: theRun(client), started: false };
  }
}

/** Asks the run to do these now, in extra slots. Starts a run if none is going. */
export async function finalizeNow(client: Client, migrations: Finalize[]): Promise<Run> {
  await client.workflow.signalWithStart(RUN_TYPE, {
    ...start,
    args: [],
    signal: finalizeSignal,
    signalArgs: [migrations],
  });
  return theRun(client);
}

/** Makes a run that is going look again for what is pending. Without a run, does nothing. */
export async function wakeRun(client: Client): Promise<void> {
  await theRun(client).signal(statusChangedSignal).catch(ignoreNotFound);
}

/**
 * The same, and what workers without its code have returned is tried again: other workers may have
 * come.
 */
export async function tickRun(client: Client): Promise<void> {
  await theRun(client).signal(tickSignal).catch(ignoreNotFound);
}

function ignoreNotFound(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** Without a run ID, since the run may continue as new. */
const theRun = (client: Client): Run => client.workflow.getHandle(WORKFLOW_ID);

/**
 * Waits for the run to end. Returns its result, also when it failed because migrations failed;
 * undefined when it was cancelled or terminated in Temporal.
 * @throws OperationRefused when the run failed for another reason
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
