import type { NativeConnection } from '@temporalio/worker';
import type { Log } from '../activities/log';
import type { Settings } from '../settings/settings';
import { connectToTemporal } from './connectToTemporal';
import { type HealthServer, openHealthServer } from './health/server';
import { installWithMetrics } from './installWithMetrics';
import { createWorker, requireBundle } from './migrationsWorker';
import { openActivities } from './openActivities';
import { type OpenTraces, openTraces } from './traces/openTraces';
import { waitFor } from './waitFor';

/**
 * Runs a worker in a process of its own, until SIGTERM or SIGINT. Then running attempts stop at a
 * safe point, and another worker can go on with them.
 * @throws CanNotStart
 */
export async function runWorker(settings: Settings, log: Log): Promise<void> {
  requireBundle();
  installWithMetrics(settings, log);
  const port = settings.LRM_HEALTH_PORT;
  const traces = await openTraces(settings, log, true);
  const health = port === undefined ? undefined : await openHealthServer(port);
  try {
    await work(settings, log, traces, health);
  } finally {
    await traces.close();
    await health?.close();
  }
}

async function work(
  settings: Settings,
  log: Log,
  traces: OpenTraces,
  health: HealthServer | undefined,
): Promise<void> {
  const opened = await openActivities(settings, log, traces);
  let connection: NativeConnection;
  try {
    const { connectionOptions } = settings.temporal;
    connection = await waitFor(
      'Temporal',
      () => connectToTemporal(connectionOptions),
      settings.LRM_WAIT,
      log,
    );
  } catch (error) {
    await opened.close();
    throw error;
  }
  try {
    const namespace = settings.temporal.namespace ?? 'default';
    const worker = await createWorker(settings, log, connection, namespace, opened);
    health?.serve(worker);
    await worker.run();
  } finally {
    await connection.close();
  }
}
