import type { Client } from '@temporalio/client';
import { isNotFound } from '../../activities/explainTemporal';
import { WORKFLOW_ID } from '../../settings/settings';
import type { Connections } from '../connections';
import { explain } from '../errors/explain';
import { warn } from '../terminal/output';
import { wakeRun } from './run';
import { describeRun } from './state';

/**
 * Unpauses an activity that was paused in Temporal (in the Web UI or with its CLI).
 * @returns false when it was not paused
 */
export async function unpauseInTemporal(client: Client, name: string): Promise<boolean> {
  const { pending } = await describeRun(client);
  if (!pending.get(name)?.paused) return false;
  try {
    await client.workflowService.unpauseActivity({
      namespace: client.options.namespace,
      execution: { workflowId: WORKFLOW_ID },
      identity: client.options.identity,
      id: name,
    });
    return true;
  } catch (error) {
    // The activity has just ended.
    if (isNotFound(error)) return false;
    throw error;
  }
}

/**
 * Notifies a run that is going that an operator has changed a row, so that the run lists again. If
 * the activity is paused in Temporal, too, unpauses it: only then does it see the row and free its
 * slot. The row alone decides, so this only warns when Temporal doesn't answer.
 */
export async function notifyRun(connections: Connections, name: string): Promise<void> {
  try {
    const client = await connections.temporal();
    await unpauseInTemporal(client, name);
    await wakeRun(client);
  } catch (error) {
    warn(
      `${explain(error).line}. A run that is going notices the change later. If ${name} is also ` +
        'paused in Temporal, it keeps its slot until it is unpaused there',
    );
  }
}
