import { hostname } from 'node:os';
import type { Activities } from '../activities/contract';
import { createActivities } from '../activities/index';
import type { Log } from '../activities/log';
import { connect } from '../drizzle/connect';
import type { Database } from '../drizzle/database';
import { missingEntries } from '../drizzle/migrator/migrate';
import { requireSafeDriver, UnsafeDriver } from '../drizzle/safeDriver';
import { openOwnDatabase } from '../drizzle/workerDatabase';
import { readCatalog } from '../jobs/catalog';
import { JobProcessPool } from '../jobs/process/jobProcessPool';
import type { Settings } from '../settings/settings';
import { CanNotStart, waitFor } from './waitFor';

/** The activities, with what they have opened. */
export interface OpenActivities {
  readonly activities: Activities;
  /** Closes the connections to Postgres, and ends the process kept ready for the next attempt. */
  close(): Promise<void>;
}

/** This worker's identity as Temporal shows it. */
export const identity = (): string => `${process.pid}@${hostname()}`;

/**
 * Opens what the activities need.
 * @throws CanNotStart when Postgres does not answer, or its schema is too old
 */
export async function openActivities(settings: Settings, log: Log): Promise<OpenActivities> {
  const { warnings } = await readCatalog(settings.LRM_JOBS_DIR);
  for (const warning of warnings) log.warn(warning);
  const db = openOwnDatabase(settings.databaseUrl);
  const disconnect = () => db.$client.end({ timeout: 2 });
  try {
    await waitFor(
      'Postgres',
      () => checkDatabase(db, settings.databaseUrl),
      settings.LRM_WAIT,
      log,
    );
  } catch (error) {
    await disconnect();
    throw error;
  }
  const jobProcesses = new JobProcessPool(
    settings.LRM_MEMORY_LIMIT_MB,
    settings.LRM_MAX_CONCURRENT,
  );
  return {
    activities: createActivities({ db, settings, log, identity: identity(), jobProcesses }),
    close: async () => {
      jobProcesses.close();
      await disconnect();
    },
  };
}

/** Refuses a database whose schema is too old for this code: waiting would not fix it. */
async function checkDatabase(db: Database, databaseUrl: string): Promise<void> {
  const missing = await missingEntries(db.$client);
  if (missing.length > 0) {
    throw new CanNotStart(`the database lacks ${missing.join(', ')}; type: npx lrm migrate`);
  }
  const one = connect(databaseUrl, { max: 1, applicationName: 'lrm worker' });
  try {
    await requireSafeDriver(one);
  } catch (error) {
    throw error instanceof UnsafeDriver ? new CanNotStart(error.message) : error;
  } finally {
    await one.end({ timeout: 2 });
  }
}
