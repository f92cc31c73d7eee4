import { ApplicationFailure } from '@temporalio/common';
import { MIGRATIONS_FAILED, type RunResult, WORKFLOW_ID } from './contract';

/** As many names fit on the line that the Web UI and alerts show. */
const NAMED_AT_MOST = 10;

/** Alerts look at failed workflows: a run that leaves failed migrations behind is one. */
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

/** Each workflow ID is one run at a time: under a second one, two would start the same migrations. */
export function otherWorkflowId(workflowId: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `a run has the workflow ID ${WORKFLOW_ID} and no other, such as ${workflowId.slice(0, 100)}; type: npx lrm run`,
    'OtherWorkflowId',
  );
}
