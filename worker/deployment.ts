import type { WorkerOptions } from '@temporalio/worker';
import type { Version } from '../jobs/buildId';

/**
 * What makes a worker one of a version (Worker Deployment Versioning). Temporal gives it work from the
 * moment on at which its version is made current: `lrm deploy`.
 *
 * A run moves to the current version by itself (AUTO_UPGRADE). Pinned to the version that it began on,
 * it would strand its attempts: they are retried for weeks, long after the last worker of that version
 * is gone. Only the worker may say so: with the same option in the workflow code, the server refuses
 * every workflow task of a worker without a version.
 * @param version undefined: the worker has no version
 */
export const deploymentOptions = (
  version: Version | undefined,
): Pick<WorkerOptions, 'workerDeploymentOptions'> =>
  version
    ? {
        workerDeploymentOptions: {
          version,
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'AUTO_UPGRADE',
        },
      }
    : {};
