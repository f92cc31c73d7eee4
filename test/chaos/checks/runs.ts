import { temporal } from '@temporalio/proto';
import type { CheckContext } from './context';
import { explained } from './explained';
import { type Finding, findings } from './finding';

const { History } = temporal.api.history.v1;
const { WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND: UNHANDLED_COMMAND } =
  temporal.api.enums.v1.WorkflowTaskFailedCause;

/**
 * No run is stuck: none waits for an activity, and no workflow task has failed without a fault. No
 * history holds a row's value.
 */
export async function runs(context: CheckContext): Promise<Finding[]> {
  const { client, migrations, secret } = context;
  const found: string[] = [];
  for await (const { workflowId, runId, type, status } of client.workflow.list()) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const which = `${type} ${workflowId}, run ${runId}`;
    if (status.name === 'RUNNING') {
      const { raw } = await handle.describe();
      const open = (raw.pendingActivities ?? []).map(({ activityId }) => activityId);
      if (open.length > 0) found.push(`${which} waits for ${open.join(', ')}`);
    }
    // Under any other ID a run has to fail: two would start the same migrations.
    const ends = OURS.test(workflowId) ? ['FAILED', 'TIMED_OUT'] : ['COMPLETED', 'TIMED_OUT'];
    // It fails with its migrations.
    const meant = status.name === 'FAILED' && migrations.some(({ end }) => end === 'failed');
    if (ends.includes(status.name) && !meant) found.push(`${which} is ${status.name}`);
    const history = await handle.fetchHistory();
    if (Buffer.from(History.encode(history).finish()).includes(secret)) {
      found.push(`the history of ${which} holds a row's value`);
    }
    for (const event of history.events ?? []) {
      const task = event.workflowTaskFailedEventAttributes;
      // A signal came while the run said that it has nothing left to do: Temporal asks it again.
      if (!task || task.cause === UNHANDLED_COMMAND) continue;
      const at = Number(event.eventTime?.seconds ?? 0) * 1_000;
      if (
        explained(context, {
          parts: ['worker', 'temporal', 'operators'],
          from: at,
          upto: at + 1_000,
        })
      )
        continue;
      found.push(`a workflow task of ${which} failed: ${task.failure?.message}`);
    }
  }
  return findings(CHECK, found);
}

const OURS = /^long-running-migrations(-tick.*)?$/;

const CHECK = 'runs in Temporal';
