import { NativeConnection } from '@temporalio/worker';
import type { Log } from '../activities/log';
import { plainText } from '../settings/plainText';
import type { Settings } from '../settings/settings';
import { metricsExporter } from './metricsExporter';
import { createWorker, requireBundle } from './migrationsWorker';
import { openActivities } from './openActivities';
import { installRuntime } from './runtime';
import { temporalLogger } from './temporalLogger';
import { CanNotStart, waitFor } from './waitFor';

/**
 * Runs a worker in a process of its own, until SIGTERM or SIGINT. Then running attempts stop at a
 * safe point, and another worker can go on with them.
 * @throws CanNotStart
 */
export async function runWorker(settings: Settings, log: Log): Promise<void> {
  requireBundle();
  installWithMetrics(settings, log);
  const opened = await openActivities(settings, log);
  let connection: NativeConnection;
  try {
    connection = await connectToTemporal(settings, log);
  } catch (error) {
    await opened.close();
    throw error;
  }
  try {
    const namespace = settings.temporal.namespace ?? 'default';
    const worker = await createWorker(settings, log, connection, namespace, opened);
    await worker.run();
  } finally {
    await connection.close();
  }
}

function installWithMetrics({ metrics }: Settings, log: Log): void {
  const exporter = metricsExporter(metrics, log);
  try {
    installRuntime({ logger: temporalLogger(log), ...(exporter && { metrics: exporter }) });
  } catch (error) {
    // It has opened nothing else yet.
    if (metrics?.kind !== 'prometheus') throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CanNotStart(
      `LRM_METRICS_ADDRESS: metrics can't be shown at ${metrics.address}: ${plainText(why)}; each worker on a machine needs an address of its own`,
    );
  }
}

async function connectToTemporal(settings: Settings, log: Log): Promise<NativeConnection> {
  const { connectionOptions } = settings.temporal;
  return waitFor(
    `Temporal at ${connectionOptions.address ?? 'localhost:7233'}`,
    () => NativeConnection.connect(connectionOptions),
    settings.LRM_WAIT,
    log,
  );
}
