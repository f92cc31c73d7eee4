import type { SQL } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types';
import type { Sql } from '../../drizzle/connect';
import type { Database, Log, Transaction } from './attempt';

import type { EachItemOptions, ItemSource } from './forEachItem';
import type { EachRowOptions } from './forEachRow';
import type { BatchBody } from './inBatches';
import type { ColumnReference, TableReference } from './names';
import type { BatchOptions } from './options';
import type { Columns } from './readRows';
import type { NewValues } from './updateRows';

export type { Database, Log, Transaction } from './attempt';
export type { Batch } from './batch';
export type { EachItemOptions, ItemSource } from './forEachItem';
export type { EachRowOptions } from './forEachRow';
export type { BatchBody } from './inBatches';
export { JobUsageError } from './jobUsageError';
export type { BatchOptions, WalkOptions } from './options';
export type { Columns } from './readRows';
export type { Throttle, ThrottleCheck, ThrottleOptions } from './throttle';
export type { NewValues } from './updateRows';

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
  /**
   * Walks a table along a unique key, calling `body` for one batch after the other, each in a
   * transaction of its own. "This range is done" is stored in that same transaction: whatever is
   * killed and when, each batch takes effect exactly once. (What `body` does outside of `tx` may
   * happen again.) `body` changes the rows of `batch` through `tx`: `.where(batch)`.
   *
   * The walk ends at the last key of the first attempt; rows that the application inserts or
   * re-keys meanwhile are its own to bring up to date. A deadlock, a lock or statement timeout
   * rolls one batch back, and it alone is tried again.
   * @throws JobUsageError when the key can't be walked along, or the walk was begun over something else;
   * Superseded when a newer attempt has begun; `signal.reason` when the attempt is to stop.
   */
  inBatches(table: TableReference, options: BatchOptions, body: BatchBody): Promise<void>;
  /**
   * Goes over a table's rows in the key's order and calls `body` for one after the other, outside
   * of any transaction: for work that isn't SQL. After a crash it is resumed at the last checkpoint,
   * so `body` may see a row again, and must not mind: AT LEAST once.
   * @throws as inBatches does.
   */
  forEach<T extends PgTable, C extends Columns = T['_']['columns']>(
    table: T,
    options: EachRowOptions<C>,
    body: (row: SelectResultFields<C>) => PromiseLike<unknown>,
  ): Promise<void>;
  forEach<C extends Columns>(
    table: SQL,
    options: EachRowOptions<C>,
    body: (row: SelectResultFields<C>) => PromiseLike<unknown>,
  ): Promise<void>;
  /** The same over anything else: files, a service's pages. AT LEAST once, from the stored cursor on. */
  forEach<T, C>(
    source: ItemSource<T, C>,
    options: EachItemOptions<T, C>,
    body: (item: T) => PromiseLike<unknown>,
  ): Promise<void>;
  /**
   * Writes new values to rows in one statement: `[{ id: 7, geohash: 'u33d' }, …]`, all of them with
   * the same properties, found by `key` among them. Returns how many rows there were to update.
   * @throws JobUsageError when two rows have the same key, or the rows differ in their properties.
   */
  updateRows<T extends PgTable>(
    tx: Transaction,
    table: T,
    key: ColumnReference | readonly ColumnReference[],
    rows: readonly Partial<T['$inferInsert']>[],
  ): Promise<number>;
  updateRows(
    tx: Transaction,
    table: SQL,
    key: ColumnReference | readonly ColumnReference[],
    rows: readonly NewValues[],
  ): Promise<number>;
}

/** What a job may say of itself in `export const options`; each overrides the setting of the same name. */
export interface JobOptions {
  /** Time limit of an attempt: '6 hours'. Default LRM_START_TO_CLOSE. */
  readonly startToCloseTimeout?: string | undefined;
  /** How long its worker may be silent. Default LRM_HEARTBEAT_TIMEOUT. */
  readonly heartbeatTimeout?: string | undefined;
  /** What run() gets after `signal`, before its process is ended. Default LRM_STOP_GRACE. */
  readonly stopGrace?: string | undefined;
  /** Heap of the attempt's thread, MiB. Default LRM_MEMORY_LIMIT_MB. */
  readonly memoryLimitMb?: number | undefined;
  /** Failures of unknown kind in a row, without progress, before it has failed. Default LRM_MAX_FAILURES. */
  readonly maxFailures?: number | undefined;
}
