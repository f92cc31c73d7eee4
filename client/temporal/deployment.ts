import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { isNotFound } from '../../activities/explainTemporal';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import type { Version } from '../../jobs/buildId';
import { plainText } from '../../settings/plainText';
import { isVersion, pollingVersion, readVersions, type Versions } from './versions';
import { ACTIVITY_QUEUE, describeQueue, identityOf, WORKFLOW_QUEUE } from './workers';

/** The workers of a version. */
export interface VersionWorkers {
  /** Identities of those that poll for all work now. */
  readonly ready: readonly string[];
  /** True when the task queue gives its work to them. */
  readonly inUse: boolean;
  /** What Temporal says of all versions at the task queue. */
  readonly versions: Versions;
}

/** A poll takes a minute at most, then the worker polls again. Milliseconds. */
const POLLED_WITHIN = 75_000;

/** Looks which workers of `version` poll now, for workflow tasks and for activities. */
export async function readVersionWorkers(
  client: Client,
  version: Version,
): Promise<VersionWorkers> {
  const [workflows, activities] = await Promise.all([
    describeQueue(client, WORKFLOW_QUEUE),
    describeQueue(client, ACTIVITY_QUEUE),
  ]);
  const both = new Set(pollersOf(activities, version));
  return {
    ready: pollersOf(workflows, version).filter((each) => both.has(each)),
    inUse: [workflows, activities].every((each) => isVersion(readVersions(each).current, version)),
    versions: readVersions(workflows),
  };
}

function pollersOf(
  { pollers }: temporal.api.workflowservice.v1.IDescribeTaskQueueResponse,
  version: Version,
): string[] {
  const since = (Date.now() - POLLED_WITHIN) / 1000;
  return (pollers ?? [])
    .filter((poller) => isVersion(pollingVersion(poller), version))
    .filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) >= since)
    .map(identityOf);
}

/** gRPC status codes. */
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;

/**
 * Asks Temporal for the current version of a deployment. Null: it has none, or no worker of the
 * deployment has ever polled.
 * @throws OperationRefused when this server has no Worker Deployments
 */
export async function readCurrent(client: Client, deploymentName: string): Promise<string | null> {
  const { namespace } = client.options;
  try {
    const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
      namespace,
      deploymentName,
    });
    const current = workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId;
    return current ? plainText(current) : null;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw withoutDeployments(error) ?? error;
  }
}

function withoutDeployments(error: unknown): OperationRefused | undefined {
  const { code, details } = (error ?? {}) as { code?: unknown; details?: unknown };
  const then = 'unset LRM_DEPLOYMENT here and for the workers, which then need no lrm deploy';
  if (code === UNIMPLEMENTED) {
    return new OperationRefused(
      `this Temporal server is too old for versions of workers (1.28 or later has them): update it, or ${then}`,
    );
  }
  if (code === PERMISSION_DENIED && /Deployment Versions are disabled/.test(String(details))) {
    return new OperationRefused(
      `versions of workers are turned off in this Temporal namespace (system.enableDeploymentVersions): turn them on, or ${then}`,
    );
  }
  return undefined;
}

/**
 * Gives the work to a version from now on.
 * @returns false when Temporal does not know the version yet, although its worker polls
 */
export async function makeCurrent(client: Client, version: Version): Promise<boolean> {
  const { namespace, identity } = client.options;
  try {
    await client.workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      identity,
      ...version,
    });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw withoutDeployments(error) ?? error;
  }
}
