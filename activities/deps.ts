import type { Database } from '../drizzle/database';
import type { JobProcesses } from '../jobs/process/jobProcess';
import type { Settings } from '../settings/settings';
import type { Log } from './log';
import type { Metrics } from './metrics/metrics';
import type { Traces } from './traces/traces';

/** What the activities need. worker/ creates it. */
export interface Deps {
  readonly db: Database;
  readonly settings: Settings;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly traces: Traces;
  /** Starts the processes of attempts. */
  readonly jobProcesses: JobProcesses;
  /**
   * Reads the options of one job after the other in the same process, see inspectJob(). Default:
   * false.
   */
  readonly shareInspections?: boolean;
  /** This worker's identity as Temporal shows it: pid@host. */
  readonly identity: string;
}
