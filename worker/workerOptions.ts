import type { WorkerOptions } from '@temporalio/worker';
import { TASK_QUEUE } from '../settings/settings';
import { payloadConverterPath } from './workflowBundle';

/** How often the Web UI gets new numbers. Temporal's default is most of the heartbeat timeout. */
const HEARTBEAT_THROTTLE = '2 seconds';

/**
 * What a Temporal worker for migrations needs besides a connection, workflows and activities. Spread
 * it into the options of a worker of your own:
 * @example
 * Worker.create({
 *   ...migrationsWorkerOptions,
 *   connection,
 *   workflowsPath: require.resolve('./workflows'), // has: export * from 'long-running-migrations/workflows'
 *   activities: { ...ownActivities, ...migrations.activities },
 * });
 */
export const migrationsWorkerOptions = {
  /** The Schedule and `lrm run` start workflows on this queue, so the worker has to poll this one. */
  taskQueue: TASK_QUEUE,
  /**
   * Without this converter, a signal that can't be decoded fails the run's workflow task for ever.
   * When you bundle the workflows yourself, give it to bundleWorkflowCode(), too.
   */
  dataConverter: { payloadConverterPath },
  /** How long the run waits for a dead worker before another takes over. The SDK's default is 10 s. */
  stickyQueueScheduleToStartTimeout: '2 seconds',
  // Each poll of a frozen or disconnected worker takes one task, which then has to time out. With
  // the default of ten polls, several heartbeat timeouts pass until another worker gets the
  // migration. Few polls are enough: there are few tasks. Workflows need 2: one for the
  // worker's sticky queue, one for the shared queue. SDK 1.24.0 ignores
  // maxConcurrentActivityTaskPolls.
  activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
  maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
  defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
} as const satisfies Partial<WorkerOptions>;
