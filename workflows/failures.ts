import { ApplicationFailure } from '@temporalio/common';
import { MIGRATIONS_FAILED, type RunResult, WORKFLOW_ID } from './contract';

/** More don't fit on the line that the Web UI and alerts show. */
const NAMED_AT_MOST = 10;

/** A run in which migrations failed has to fail, too: alerts look at failed workflows. */
export function migrationsFailed(result: RunResult): ApplicationFailure {
  const { count, names } = result.failed;
  const named = names.slice(0, NAMED_AT_MOST);
  const more = count > named.length ? ` and ${count - named.length} more` : '';
  return ApplicationFailure.create({
    message: `failed: ${named.join(', ')}${more}. Their errors, and what to type: npx lrm status`,
    type: MIGRATIONS_FAILED,
    nonRetryable: true,
    details: [result],
  });
}

/** Temporal allows one run at a time for each workflow ID. Two IDs would start the same migrations twice. */
export function otherWorkflowId(workflowId: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `the run must have the workflow ID ${WORKFLOW_ID}, not ${workflowId.slice(0, 100)}; type: npx lrm run`,
    'OtherWorkflowId',
  );
}
