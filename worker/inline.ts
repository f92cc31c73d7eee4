import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Deps } from '../activities/deps';
import { missingEntries } from '../drizzle/migrator/migrate';
import { OperationRefused } from '../drizzle/rows/operationRefused';
import { requireSafeDriver, UnsafeDriver } from '../drizzle/safeDriver';
import { openOwnDatabase } from '../drizzle/workerDatabase';
import { JobProcessPool } from '../jobs/process/jobProcessPool';
import { SharedJobProcesses } from '../jobs/process/sharedJobProcesses';
import type { Settings } from '../settings/settings';

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
  const db = openOwnDatabase(settings.databaseUrl);
  // Its standard output belongs to the command's answer.
  const memory = settings.LRM_MEMORY_LIMIT_MB;
  const jobProcesses = onlyIfEmpty
    ? new SharedJobProcesses(memory, 'stderr')
    : new JobProcessPool(memory, concurrency, 'stderr');
  const identity = `${process.pid}@${hostname()}`;
  try {
    const missing = await missingEntries(db.$client);
    if (missing.length > 0) {
      throw new OperationRefused(`the database lacks ${missing.join(', ')}; type: npx lrm migrate`);
    }
    await requireSafeDriver(db.$client).catch((error) => {
      throw error instanceof UnsafeDriver ? new OperationRefused(error.message) : error;
    });
    return await body({
      db,
      settings,
      log,
      jobProcesses,
      identity,
      shareInspections: onlyIfEmpty,
    });
  } finally {
    jobProcesses.close();
    await db.$client.end({ timeout: 2 });
  }
}
