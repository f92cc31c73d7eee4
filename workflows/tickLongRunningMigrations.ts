import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { tickSignal, WORKFLOW_ID } from './contract';
import { executeLongRunningMigrations } from './executeLongRunningMigrations';

/**
 * What the Schedule starts: a Schedule appends a timestamp to its workflow's ID, and the run's has
 * to be fixed. Starts the run and ends, without waiting for it: a tick that waited would pass its
 * own cancellation on to the run, and would keep the Schedule from ticking.
 */
export async function tickLongRunningMigrations(): Promise<'started' | 'already running'> {
  try {
    await startChild(executeLongRunningMigrations, {
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

/** A run with a free slot that waits for another migration's end would not see what was registered. */
async function wakeUp(): Promise<void> {
  try {
    await getExternalWorkflowHandle(WORKFLOW_ID).signal(tickSignal);
  } catch {
    // It has just ended; the next tick starts a new one.
  }
}
