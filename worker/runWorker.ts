import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActivities } from '../activities/index';
import type { Database } from '../drizzle/database';
import { missingEntries } from '../drizzle/migrator/migrate';
import { requireSafeDriver, UnsafeDriver } from '../drizzle/safeDriver';
import { openOwnDatabase } from '../drizzle/workerDatabase';
import { readCatalog } from '../jobs/catalog';
import { JobProcessPool } from '../jobs/process/jobProcessPool';
import { type Settings, TASK_QUEUE } from '../settings/settings';
import { temporalLogger } from './temporalLogger';
import { CanNotStart, waitFor } from './waitFor';
import { payloadConverterPath, workflowBundle } from './workflowBundle';

/** How often the Web UI gets new numbers. Temporal's default is most of the heartbeat timeout. */
const HEARTBEAT_THROTTLE = '2 seconds';

/** How long the run waits for a dead worker before another takes over. The SDK's default is 10 s. */
const STICKY = '2 seconds';

/**
 * Polls the task queue until SIGTERM or SIGINT. Then running attempts stop at a safe point, and
 * another worker can go on with them.
 * @throws CanNotStart
 */
export async function runWorker(settings: Settings, log: Logger): Promise<void> {
  if (!existsSync(workflowBundle)) throw new CanNotStart('not built; type: npm run build');
  Runtime.install({
    logger: temporalLogger(log),
    // Otherwise the SDK's Rust code writes coloured text to standard output, between our JSON lines.
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  });
  const { warnings } = await readCatalog(settings.LRM_JOBS_DIR);
  for (const warning of warnings) log.warn(warning);
  const db = openOwnDatabase(settings.databaseUrl);
  try {
    await waitFor('Postgres', () => checkDatabase(db), settings.LRM_WAIT, log);
    const connection = await connectToTemporal(settings, log);
    try {
      await poll(settings, log, db, connection);
    } finally {
      await connection.close();
    }
  } finally {
    await db.$client.end({ timeout: 2 });
  }
}

/** Refuses a database whose schema is too old for this code: waiting would not fix it. */
async function checkDatabase(db: Database): Promise<void> {
  const missing = await missingEntries(db.$client);
  if (missing.length > 0) {
    throw new CanNotStart(`the database lacks ${missing.join(', ')}; type: npx lrm migrate`);
  }
  await requireSafeDriver(db.$client).catch((error) => {
    throw error instanceof UnsafeDriver ? new CanNotStart(error.message) : error;
  });
}

async function connectToTemporal(settings: Settings, log: Logger): Promise<NativeConnection> {
  const { connectionOptions } = settings.temporal;
  const connection = await waitFor(
    `Temporal at ${connectionOptions.address ?? 'localhost:7233'}`,
    () => NativeConnection.connect(connectionOptions),
    settings.LRM_WAIT,
    log,
  );
  const namespace = settings.temporal.namespace ?? 'default';
  await waitFor(
    `Temporal's namespace ${namespace}`,
    () => describeNamespace(connection, namespace),
    settings.LRM_WAIT,
    log,
  );
  return connection;
}

/** gRPC's status code NOT_FOUND. */
const NOT_FOUND = 5;

async function describeNamespace(connection: NativeConnection, namespace: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if ((error as { code?: unknown })?.code !== NOT_FOUND) throw error;
    throw new CanNotStart(
      `Temporal has no namespace '${namespace}'; set TEMPORAL_NAMESPACE, or: temporal operator namespace create -n ${namespace}`,
    );
  }
}

async function poll(
  settings: Settings,
  log: Logger,
  db: Database,
  connection: NativeConnection,
): Promise<void> {
  const identity = `${process.pid}@${hostname()}`;
  const worker = await Worker.create({
    connection,
    identity,
    namespace: settings.temporal.namespace ?? 'default',
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: workflowBundle },
    dataConverter: { payloadConverterPath },
    activities: createActivities({
      db,
      settings,
      log,
      identity,
      jobProcesses: new JobProcessPool(settings.LRM_MEMORY_LIMIT_MB, settings.LRM_MAX_CONCURRENT),
    }),
    stickyQueueScheduleToStartTimeout: STICKY,
    // Each poll of a frozen or disconnected worker takes one task, which then has to time out. With
    // the default of ten polls, several heartbeat timeouts pass until another worker gets the
    // migration. Few polls are enough: there are few tasks. Workflows need 2: one for the
    // worker's sticky queue, one for the shared queue. SDK 1.24.0 ignores
    // maxConcurrentActivityTaskPolls.
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
  });
  log.info({ identity, jobs: settings.LRM_JOBS_DIR }, 'worker ready');
  await worker.run();
  log.info('worker stopped');
}
