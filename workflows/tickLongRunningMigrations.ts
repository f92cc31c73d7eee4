import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { ABOUT_RUN } from './about';
import { tickSignal, WORKFLOW_ID } from './contract';
import { executeLongRunningMigrations } from './executeLongRunningMigrations';

/**
 * Started by the Schedule, to start the run. The Schedule can't do that itself: it appends a
 * timestamp to the workflow ID, and the run's ID has to be fixed. The tick doesn't wait for the run:
 * if it did, cancelling the tick would cancel the run, and the Schedule would skip all further ticks.
 */
export async function tickLongRunningMigrations(): Promise<'started' | 'already running'> {
  try {
    await startChild(executeLongRunningMigrations, {
      ...ABOUT_RUN,
      workflowId: WORKFLOW_ID,
      taskQueue: workflowInfo().taskQueue,
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
    return 'started';
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await wakeUp();
    return 'already running';
  }
}

/** A run that waits for a migration to end doesn't see what was registered since, even with a free slot. */
async function wakeUp(): Promise<void> {
  try {
    await getExternalWorkflowHandle(WORKFLOW_ID).signal(tickSignal);
  } catch {
    // The run has just ended. The next tick starts a new one.
  }
}
