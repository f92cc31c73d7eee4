import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { ChaosSet } from '../../chaosSet';

/** The run's workflow ID, and its task queue. */
export const RUN = 'long-running-migrations';

/** The run's latest execution. Undefined: there is none, or Temporal does not answer. */
export async function readRun(
  { temporal }: ChaosSet,
  runId?: string,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await temporal.client.workflow.getHandle(RUN, runId).describe();
  } catch {
    return undefined;
  }
}

/** @throws Error when two runs go on: each would start what the other one runs */
export async function requireOneRun({ temporal }: ChaosSet): Promise<void> {
  const query = "WorkflowType = 'executeLongRunningMigrations' and ExecutionStatus = 'Running'";
  const open: string[] = [];
  for await (const { workflowId, runId } of temporal.client.workflow.list({ query })) {
    // The list lags behind.
    const { status } = await temporal.client.workflow.getHandle(workflowId, runId).describe();
    if (status.name === 'RUNNING') open.push(`${workflowId} ${runId}`);
  }
  if (open.length > 1) throw new Error(`${open.length} runs go on at once: ${open.join(', ')}`);
}
