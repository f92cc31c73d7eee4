import type { Logger } from 'pino';
import type { Deps } from '../activities/deps';
import { NO_METRICS } from '../activities/metrics/metrics';
import { NO_TRACES } from '../activities/traces/traces';
import { OperationRefused } from '../drizzle/rows/operationRefused';
import { openOwnDatabase } from '../drizzle/workerDatabase';
import { JobProcessPool } from '../jobs/process/jobProcessPool';
import { SharedJobProcesses } from '../jobs/process/sharedJobProcesses';
import type { Settings } from '../settings/settings';
import { databaseProblem } from './databaseProblem';
import { identity } from './identity';
import { jobRoleProblem } from './jobRole';

/** What {@link withDeps} puts together. */
export interface InlineParts {
  readonly settings: Settings;
  readonly log: Logger;
  /** Migrations at a time. */
  readonly concurrency: number;
  /** Attempts share processes, and so do inspections: see SharedJobProcesses and inspectJob(). */
  readonly onlyIfEmpty?: boolean;
}

/**
 * Calls `body` with what activities need, put together without Temporal, and closes it afterwards.
 * @throws OperationRefused when the database lacks our tables, or the driver is not safe
 */
export async function withDeps<T>(
  { settings, log, concurrency, onlyIfEmpty = false }: InlineParts,
  body: (deps: Deps) => Promise<T>,
): Promise<T> {
  const db = openOwnDatabase(settings.databaseUrl, settings.databases);
  // Its standard output belongs to the command's answer.
  const memory = settings.LRM_MEMORY_LIMIT_MB;
  const jobProcesses = onlyIfEmpty
    ? new SharedJobProcesses(memory, 'stderr')
    : new JobProcessPool(memory, concurrency, 'stderr');
  try {
    const problem =
      (await databaseProblem(settings.databaseUrl, settings.databases)) ??
      (await jobRoleProblem(settings));
    if (problem !== undefined) throw new OperationRefused(problem);
    return await body({
      db,
      settings,
      log,
      metrics: NO_METRICS,
      traces: NO_TRACES,
      jobProcesses,
      identity: identity(),
      shareInspections: onlyIfEmpty,
    });
  } finally {
    jobProcesses.close();
    await db.$client.end({ timeout: 2 });
  }
}
