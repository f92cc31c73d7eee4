import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { plainText } from '../../settings/plainText';
import { TASK_QUEUE } from '../../settings/settings';
import { warn } from '../terminal/output';
import { readVersions, type Versions, versionTrouble } from './versions';

/** The workers at the task queue. */
export interface Workers {
  /** Identities of those seen polling in the last minutes. */
  readonly workers: readonly string[];
  readonly versions: Versions;
}

/** Values of Temporal's enum TaskQueueType. A worker of ours polls both. */
export const WORKFLOW_QUEUE = 1;
export const ACTIVITY_QUEUE = 2;

/** Asks Temporal for the workers. */
export async function readWorkers(client: Client): Promise<Workers> {
  const described = await describeQueue(client, WORKFLOW_QUEUE);
  return {
    workers: [...new Set((described.pollers ?? []).map(identityOf))],
    versions: readVersions(described),
  };
}

/** Warns when no worker would do what was just requested. */
export async function warnWithoutWorker(client: Client): Promise<void> {
  const { workers, versions } = await readWorkers(client);
  if (workers.length === 0) warn(`no worker polls ${TASK_QUEUE}: start one (npx lrm worker)`);
  const trouble = versionTrouble(versions);
  if (trouble !== null) warn(trouble);
}

/** Asks Temporal who polls, and which version gets the work. */
export function describeQueue(
  client: Client,
  taskQueueType: typeof WORKFLOW_QUEUE | typeof ACTIVITY_QUEUE,
): Promise<temporal.api.workflowservice.v1.IDescribeTaskQueueResponse> {
  return client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: TASK_QUEUE },
    taskQueueType,
  });
}

/** A worker as Temporal and the rows of attempts show it: pid@host. */
export const identityOf = ({ identity }: temporal.api.taskqueue.v1.IPollerInfo): string =>
  plainText(identity ?? 'unknown');
