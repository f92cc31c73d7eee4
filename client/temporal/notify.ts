import type { Client } from '@temporalio/client';
import { isNotFound } from '../../activities/explainTemporal';
import { WORKFLOW_ID } from '../../settings/settings';
import type { Connections } from '../connections';
import { explain } from '../errors/explain';
import { warn } from '../terminal/output';
import { wakeRun } from './run';
import { describeRun } from './state';

/**
 * Unpauses those activities that were paused in Temporal (in the Web UI or with its CLI).
 * @returns false when none was paused
 */
export async function unpauseInTemporal(
  client: Client,
  names: readonly string[],
): Promise<boolean> {
  const { pending } = await describeRun(client);
  let unpaused = false;
  for (const name of names.filter((each) => pending.get(each)?.paused)) {
    if (await unpause(client, name)) unpaused = true;
  }
  return unpaused;
}

async function unpause(client: Client, name: string): Promise<boolean> {
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
 * Notifies a run that is going that an operator has changed rows, so that the run lists again. If an
 * activity is paused in Temporal, too, unpauses it: only then does it see its row and free its slot.
 * The rows alone decide, so this only warns when Temporal doesn't answer. Call it once for all rows:
 * each signal makes the run list.
 */
export async function notifyRun(connections: Connections, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const [first = ''] = names;
  const which = names.length === 1 ? first : 'one of them';
  try {
    const client = await connections.temporal();
    await unpauseInTemporal(client, names);
    await wakeRun(client);
  } catch (error) {
    warn(
      `${explain(error).line}. A run that is going notices the change later. If ${which} is also ` +
        'paused in Temporal, it keeps its slot until it is unpaused there',
    );
  }
}
