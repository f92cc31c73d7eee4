import type { Client } from '@temporalio/client';
import { isNotFound } from '../../activities/explainTemporal';
import { WORKFLOW_ID } from '../../settings/settings';
import type { Connections } from '../connections';
import { explain } from '../errors/explain';
import { warn } from '../terminal/output';
import { wakeRun } from './run';
import { describeRun } from './state';

/**
 * Ends a pause that was made in Temporal's own way.
 * @returns whether there was one
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
    // It ended in between.
    if (isNotFound(error)) return false;
    throw error;
  }
}

/**
 * Tells a run that is going of a row that an operator changed: it lists again, and one that was
 * paused in Temporal, too, is unpaused, so that its activity sees the row and frees its slot.
 * The row alone decides: where Temporal doesn't answer, that is only said.
 */
export async function notifyRun(connections: Connections, name: string): Promise<void> {
  try {
    const client = await connections.temporal();
    await unpauseInTemporal(client, name);
    await wakeRun(client);
  } catch (error) {
    warn(
      `${explain(error).line}. A run that is going learns of it later, and if ${name} is ` +
        'paused in Temporal, too, it keeps its slot until it is unpaused there',
    );
  }
}
