import type { NativeConnection } from '@temporalio/worker';
import type { Log } from '../activities/log';
import { HISTOGRAM_BUCKETS } from '../activities/metrics/instruments';
import { fillEnvironment, readApplication } from '../settings/application';
import { readSettings, requireKnown, type Settings } from '../settings/settings';
import { UsageError } from '../settings/usageError';
import { type ApplicationLogger, logTo } from './applicationLog';
import { createLog } from './log';
import type { MigrationsWorker } from './migrationsWorker';
import type { OpenActivities } from './openActivities';
import type { OpenTraces } from './traces/openTraces';

export { UsageError } from '../settings/usageError';
export type { ApplicationLogger } from './applicationLog';
export type { Health, Probes } from './health/probes';
export type { MigrationsWorker } from './migrationsWorker';
export type { OpenActivities } from './openActivities';
export { CanNotStart } from './waitFor';
export { migrationsWorkerOptions } from './workerOptions';

/**
 * Buckets from 1 ms on for our histograms, since a batch takes some milliseconds. Temporal's own begin
 * far above. For an application that has its own Runtime and exports metrics:
 * @example
 * Runtime.install({
 *   telemetryOptions: {
 *     metrics: {
 *       prometheus: {
 *         bindAddress: '0.0.0.0:9464',
 *         histogramBucketOverrides: migrationsHistogramBuckets,
 *       },
 *     },
 *   },
 * });
 */
export const migrationsHistogramBuckets: Record<string, number[]> = HISTOGRAM_BUCKETS;

/** What is left out comes from the environment, .env and lrm.config. */
export interface MigrationsOptions {
  /** Default: `DATABASE_URL`. */
  readonly databaseUrl?: string;
  /** Folder of the compiled jobs. Default: `LRM_JOBS_DIR`, else `jobs` of lrm.config. */
  readonly jobs?: string;
  /** Settings by the names of their environment variables, which these win over. */
  readonly settings?: Readonly<Record<`LRM_${string}`, string | number>>;
  /** Default: JSON lines on standard output, from `LRM_LOG_LEVEL` on. A logger of yours gets all. */
  readonly logger?: ApplicationLogger;
}

export interface MigrationsWorkerOptions extends MigrationsOptions {
  /** The application's connection. The worker does not close it. */
  readonly connection: NativeConnection;
  /** Default: `TEMPORAL_NAMESPACE` or that of temporal.toml, else 'default'. */
  readonly namespace?: string;
}

/**
 * Creates a worker for migrations inside an application that runs a Temporal worker of its own. It
 * polls a task queue of its own over the application's connection. Waits for Postgres for up to
 * `LRM_WAIT` (one minute).
 *
 * It does not install Temporal's Runtime: logger, metrics and shutdown signals of the application's
 * stay as they are.
 * @throws UsageError for settings that are missing or wrong
 * @throws CanNotStart when Postgres does not answer, our tables are missing (`npx lrm migrate`), or
 *   the namespace does not exist
 * @example
 * const migrations = await createMigrationsWorker({ connection });
 * await Promise.all([own.run(), migrations.run()]);
 */
export async function createMigrationsWorker(
  options: MigrationsWorkerOptions,
): Promise<MigrationsWorker> {
  const settings = await settingsOf(options);
  const log = logOf(options, settings);
  const { createWorker, requireBundle } = await import('./migrationsWorker');
  requireBundle();
  const { openActivities } = await import('./openActivities');
  const namespace = options.namespace ?? settings.temporal.namespace ?? 'default';
  const opened = await openActivities(settings, log, await tracesOf(settings, log));
  return createWorker(settings, log, options.connection, namespace, opened);
}

/**
 * Creates the activities, for an application that puts them, and `export * from
 * 'long-running-migrations/workflows'`, into a worker and a bundle of its own. That worker has to
 * poll the task queue `long-running-migrations`: spread {@link migrationsWorkerOptions} into its
 * options. Call `close()` when it has ended.
 * @throws UsageError, CanNotStart: as {@link createMigrationsWorker}
 * @example
 * const { activities, dataConverter, close } = await createMigrationsActivities();
 * const worker = await Worker.create({
 *   ...migrationsWorkerOptions,
 *   dataConverter,
 *   connection,
 *   workflowsPath: require.resolve('./workflows'),
 *   activities,
 * });
 * await worker.run().finally(close);
 */
export async function createMigrationsActivities(
  options: MigrationsOptions = {},
): Promise<OpenActivities> {
  const settings = await settingsOf(options);
  const { openActivities } = await import('./openActivities');
  const log = logOf(options, settings);
  return openActivities(settings, log, await tracesOf(settings, log));
}

/** Whoever calls it imports the rest only afterwards: the schema of our tables is a setting. */
async function settingsOf({ databaseUrl, jobs, settings }: MigrationsOptions): Promise<Settings> {
  // They are read from the environment itself, once or for each job process.
  for (const name of ['LRM_SCHEMA', 'LRM_JOB_ENV']) {
    if (!settings || !(name in settings)) continue;
    throw new UsageError(`${name}: set it in the environment or in lrm.config, not in settings`);
  }
  requireKnown(settings ?? {});
  fillEnvironment(await readApplication(), process.env);
  const given = Object.entries(settings ?? {}).map(([name, value]) => [name, String(value)]);
  return readSettings({
    ...process.env,
    ...Object.fromEntries(given),
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    ...(jobs !== undefined && { LRM_JOBS_DIR: jobs }),
  });
}

const logOf = ({ logger }: MigrationsOptions, settings: Settings) =>
  logger ? logTo(logger) : createLog(settings);

/** By the tracer provider that the application has registered. */
async function tracesOf(settings: Settings, log: Log): Promise<OpenTraces> {
  const { openTraces } = await import('./traces/openTraces');
  return openTraces(settings, log, false);
}
