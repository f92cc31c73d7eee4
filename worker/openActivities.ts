import type { DataConverter } from '@temporalio/common';
import { logOfJobs } from '../activities/authorFields';
import type { Activities } from '../activities/contract';
import { createActivities } from '../activities/index';
import type { Log } from '../activities/log';
import { WorkerMetrics } from '../activities/metrics/workerMetrics';
import { encrypting } from '../activities/payloads/dataConverter';
import { openOwnDatabase } from '../drizzle/workerDatabase';
import { readCatalog } from '../jobs/catalog';
import { JobProcessPool } from '../jobs/process/jobProcessPool';
import type { Settings } from '../settings/settings';
import { databaseProblem } from './databaseProblem';
import { identity } from './identity';
import { jobRoleProblem } from './jobRole';
import { warnOfOthers } from './otherDatabases';
import { temporalMeter } from './temporalMeter';
import type { OpenTraces } from './traces/openTraces';
import { CanNotStart, waitFor } from './waitFor';
import { migrationsWorkerOptions } from './workerOptions';

/** The activities, with what they have opened. */
export interface OpenActivities {
  readonly activities: Activities;
  /**
   * For the worker that the activities are put into: decodes what no converter of Temporal's can,
   * and encrypts with `LRM_PAYLOAD_KEY`.
   */
  readonly dataConverter: DataConverter;
  /** Closes the connections to Postgres, and ends the process kept ready for the next attempt. */
  close(): Promise<void>;
}

/** The same for a worker of ours. */
export interface Opened extends OpenActivities {
  /** To be called when Temporal's runtime is there. Otherwise the first activity does. */
  startMetrics(): void;
  readonly interceptors: OpenTraces['interceptors'];
}

/**
 * Opens what the activities need.
 * @throws CanNotStart when Postgres does not answer, or its schema is too old
 */
export async function openActivities(
  settings: Settings,
  log: Log,
  { traces, interceptors }: OpenTraces,
): Promise<Opened> {
  const { warnings } = await readCatalog(settings.LRM_JOBS_DIR);
  for (const warning of warnings) log.warn(warning);
  const db = openOwnDatabase(settings.databaseUrl, settings.databases);
  const disconnect = () => db.$client.end({ timeout: 2 });
  try {
    await waitFor('Postgres', () => checkDatabase(settings), settings.LRM_WAIT, log);
    await warnOfOthers(settings.databases, log);
  } catch (error) {
    await disconnect();
    throw error;
  }
  const jobProcesses = new JobProcessPool(
    settings.LRM_MEMORY_LIMIT_MB,
    settings.LRM_MAX_CONCURRENT,
    logOfJobs(log),
  );
  const metrics = new WorkerMetrics(db, log, temporalMeter);
  return {
    activities: createActivities({
      db,
      settings,
      log,
      metrics,
      traces,
      identity: identity(),
      jobProcesses,
    }),
    interceptors,
    dataConverter: {
      ...migrationsWorkerOptions.dataConverter,
      ...encrypting(settings.payloadKeys),
    },
    startMetrics: () => metrics.start(),
    close: async () => {
      metrics.close();
      jobProcesses.close();
      await disconnect();
    },
  };
}

async function checkDatabase(settings: Settings): Promise<void> {
  const problem =
    (await databaseProblem(settings.databaseUrl, settings.databases)) ??
    (await jobRoleProblem(settings));
  if (problem !== undefined) throw new CanNotStart(problem);
}
