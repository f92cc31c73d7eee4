import type { Sql } from '../../drizzle/connect';
import type { Database, Log, Transaction } from './attempt';

export type { Database, Log, Transaction } from './attempt';

/** What `run(job)` gets. */
export interface JobContext {
  /** The migration's name, '0001_sample'. */
  readonly name: string;
  /** Which attempt this is, from 1; counts on over all runs. */
  readonly attempt: number;
  /** Drizzle over postgres.js, on connections of this attempt's own. */
  readonly db: Database;
  /** postgres.js, on connections of this attempt's own. */
  readonly sql: Sql;
  /** Aborted when the attempt is to stop (time limit, pause, cancel, shutdown); its reason says why. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** What saveCheckpoint() kept last, by whichever attempt; undefined when nothing yet. */
  checkpoint<T>(): Promise<T | undefined>;
  /**
   * Keeps `value` (anything JSON can hold) for the attempts to come.
   * With `tx`, a READ COMMITTED transaction, it is kept when that one commits, or not at all.
   * @throws Superseded when a newer attempt has begun.
   */
  saveCheckpoint(value: unknown, tx?: Transaction): Promise<void>;
  /** Tells how far the work is: rows done by all attempts, and of how many (an estimate will do). */
  progress(done: number, total?: number | null): void;
}

/** What a job may say of itself in `export const options`; each overrides the setting of the same name. */
export interface JobOptions {
  /** Time limit of an attempt: '6 hours'. Default LRM_START_TO_CLOSE. */
  readonly startToCloseTimeout?: string | undefined;
  /** How long its worker may be silent. Default LRM_HEARTBEAT_TIMEOUT. */
  readonly heartbeatTimeout?: string | undefined;
  /** What run() gets after `signal`, before its thread is ended. Default LRM_STOP_GRACE. */
  readonly stopGrace?: string | undefined;
  /** Heap of the attempt's thread, MiB. Default LRM_MEMORY_LIMIT_MB. */
  readonly memoryLimitMb?: number | undefined;
  /** Failures of unknown kind in a row, without progress, before it has failed. Default LRM_MAX_FAILURES. */
  readonly maxFailures?: number | undefined;
}
