import type { Logger } from 'pino';
import type { Database } from '../drizzle/database';
import type { JobProcessPool } from '../jobs/process/jobProcessPool';
import type { Settings } from '../settings/settings';

/** What the activities work with; worker/ puts it together. */
export interface Deps {
  readonly db: Database;
  readonly settings: Settings;
  readonly log: Logger;
  /** Where attempts' threads come from. */
  readonly jobProcesses: JobProcessPool;
  /** This worker's identity, as Temporal shows it: pid@host. */
  readonly identity: string;
}
