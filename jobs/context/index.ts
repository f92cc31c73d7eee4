import type { SQL } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types';
import type { Sql } from '../../drizzle/connect';
import type { Database, Log, Transaction } from './attempt';
import type { IndexOptions } from './ddl/definition';
import type { EachItemOptions, ItemSource } from './each/forEachItem';
import type { EachRowOptions } from './each/forEachRow';
import type { Page } from './each/options';
import type { BatchBody } from './inBatches';
import type { ColumnReference, TableReference } from './names';
import type { BatchOptions, GroupOptions } from './options';
import type { Columns } from './readRows';
import type { StepOptions } from './step/step';
import type { NewValues } from './updateRows';

export type { Sql } from '../../drizzle/connect';
export type { Database, Log, Transaction } from './attempt';
export type { Batch } from './batch';
export type { IndexOptions } from './ddl/definition';
export type { EachItemOptions, ItemSource } from './each/forEachItem';
export type { EachRowOptions } from './each/forEachRow';
export type { EachOptions, Page } from './each/options';
export type { BatchBody } from './inBatches';
export { JobUsageError } from './jobUsageError';
export type { ReadyContext, VerifyContext } from './looking';
export type { BatchOptions, GroupOptions, WalkOptions } from './options';
export type { Columns } from './readRows';
export type { StepOptions } from './step/step';
export type { Throttle, ThrottleCheck, ThrottleOptions } from './throttle/options';
export type { NewValues } from './updateRows';

/**
 * The argument of a job's `run()`.
 * @typeParam Input the type of `job.input`: what the schema gives that the job exports as `input`
 * @example
 * export async function run(job: JobContext): Promise<void> {
 *   const walk = { key: users.id, where: isNull(users.emailLower) };
 *   await job.inBatches(users, walk, (tx, batch) =>
 *     tx.update(users).set({ emailLower: sql`lower(${users.email})` }).where(batch),
 *   );
 * }
 */
export interface JobContext<Input = unknown> {
  /** The migration's name, for instance '0001_sample', or '0001_sample:tenant_7'. */
  readonly name: string;
  /**
   * What this registration is for: 'tenant_7' of '0001_sample:tenant_7'. Undefined when it has no
   * target. It has letters, digits, '_', '.' and '-', and doesn't begin with a '.'.
   * @example
   * const table = sql`tenants.${sql.identifier(job.target ?? 'public')}`;
   */
  readonly target: string | undefined;
  /**
   * What the migration was registered with (`lrm register 0001_sample --input '{"days":30}'`), as the
   * schema gives it that the job exports as `input`. Without a schema it is the JSON as it stands in
   * the row, of any type; undefined when there is none.
   * @example
   * export const input = z.object({ days: z.number().int() });
   * export async function run(job: JobContext<z.infer<typeof input>>): Promise<void> {
   *   await job.sql`delete from sessions where at < now() - make_interval(days => ${job.input.days})`;
   * }
   */
  readonly input: Input;
  /** The number of this attempt, from 1. It counts the attempts of all runs. */
  readonly attempt: number;
  /** Drizzle over postgres.js, on connections that only this attempt uses. */
  readonly db: Database;
  /** postgres.js, on connections that only this attempt uses. */
  readonly sql: Sql;
  /**
   * Drizzle and postgres.js on a further database, that of the setting `LRM_DATABASE_<NAME>_URL`, on
   * connections that only this attempt uses. They end with the attempt. `name` is in lower case. To
   * read there, our tables are not needed. What you write there by yourself is not fenced and must
   * be safe to repeat; a walk with the option `database` does each batch exactly once.
   * @throws JobUsageError when the setting is missing
   * @example
   * const { sql } = job.database('archive');
   * const [{ last }] = await sql`select max(id) as last from orders`;
   */
  database(name: string): { readonly db: Database; readonly sql: Sql };
  /**
   * Aborted when the attempt has to stop (time limit, pause, cancel, shutdown). Its reason says
   * why. Call `job.signal.throwIfAborted()` where the job can stop safely.
   */
  readonly signal: AbortSignal;
  /**
   * The worker's log. Each line gets the migration and the attempt. Never log the values of rows.
   */
  readonly log: Log;
  /**
   * Reads the value that saveCheckpoint() stored last, in this or an earlier attempt. Undefined
   * when nothing has been stored yet.
   * @throws AttemptOutdated when the database has lost a checkpoint that this attempt stored.
   */
  checkpoint<T>(): Promise<T | undefined>;
  /**
   * Stores `value` (anything that JSON can hold) for later attempts. Give it `tx`, a READ COMMITTED
   * transaction, and the value is stored when that transaction commits, or not at all.
   * @throws TypeError when `tx` is not READ COMMITTED; JobUsageError when `tx` is of a further
   *   database; Superseded when a newer attempt has begun;
   *   AttemptOutdated as checkpoint() does.
   * @example
   * await job.db.transaction(async (tx) => {
   *   await tx.delete(orders).where(lte(orders.id, last));
   *   await job.saveCheckpoint(last, tx);
   * });
   */
  saveCheckpoint(value: unknown, tx?: Transaction): Promise<void>;
  /**
   * Shows operators how far the work is.
   * @param done rows done by all attempts together
   * @param total rows to do in all; an estimate is enough, null means unknown. Default: the last
   *   total
   */
  progress(done: number, total?: number | null): void;
  /**
   * Walks a table along a unique key and calls `body` for each batch of rows, in a transaction of
   * its own. `body` changes the rows of `batch` through `tx`, with `.where(batch)`. The same
   * transaction stores that the range is done. So each batch takes effect EXACTLY ONCE, whatever is
   * killed and when. What `body` does outside of `tx` may happen again.
   *
   * The walk ends at the key that was the last one when the first attempt began. The application
   * has to write rows correctly that it inserts, or whose key it changes, during the walk. After a
   * deadlock, a lock timeout or a statement timeout, only the batch in question is rolled back and
   * tried again.
   * @throws JobUsageError when the walk can't go along the key, or began over another table, key,
   *   direction or condition; Superseded when a newer attempt has begun; AttemptOutdated when the
   *   table or the stored walk has changed under the attempt; `signal.reason` when the attempt has
   *   to stop.
   * @example
   * await job.inBatches(users, { key: users.id }, (tx, batch) =>
   *   tx.update(users).set({ emailLower: sql`lower(${users.email})` }).where(batch),
   * );
   * @example
   * // Rows with the same email are in one batch, whatever their number.
   * await job.inBatches(users, { groupBy: users.email }, (tx, batch) => removeDuplicates(tx, batch));
   */
  inBatches(
    table: TableReference,
    options: BatchOptions | GroupOptions,
    body: BatchBody,
  ): Promise<void>;
  /**
   * Calls `body` for each row of a table, in the order of the key, one after the other. It runs
   * outside of any transaction: use it for work that isn't SQL. After a crash the walk continues
   * from the last checkpoint, so `body` sees each row AT LEAST ONCE and must be safe to repeat.
   *
   * With `pageSize`, `body` gets an array of rows. With `concurrency`, several calls run at the same
   * time. The stored place is never ahead of a row that is not done. When a call fails, no other one
   * begins, those that run end first, and then its error is thrown. After a deadlock, a
   * serialization failure, a lock timeout or a statement timeout in `body`, the call is made again,
   * up to ten times.
   * @throws the errors of inBatches, and those of `body`.
   * @example
   * await job.forEach(users, { key: users.id }, (user) => sendToService(user));
   * @example
   * const fast = { key: users.id, pageSize: 500, concurrency: 10, checkpointEvery: 5_000 };
   * await job.forEach(users, fast, (page) => bulkIndex(page));
   */
  forEach<
    T extends PgTable,
    C extends Columns = T['_']['columns'],
    P extends number | undefined = undefined,
  >(
    table: T,
    options: EachRowOptions<C, P>,
    body: (row: Page<SelectResultFields<C>, P>) => PromiseLike<unknown>,
  ): Promise<void>;
  forEach<C extends Columns, P extends number | undefined = undefined>(
    table: SQL,
    options: EachRowOptions<C, P>,
    body: (row: Page<SelectResultFields<C>, P>) => PromiseLike<unknown>,
  ): Promise<void>;
  /**
   * Does the same for items that are not rows: files, a service's pages. A later attempt continues
   * after the stored cursor, so `body` sees each item AT LEAST ONCE. `pageSize` and `concurrency` are
   * as for rows.
   * @throws JobUsageError when an option makes no sense; Superseded, AttemptOutdated and
   *   `signal.reason` as inBatches does.
   * @example
   * await job.forEach(pages, { cursor: (page) => page.number }, (page) => importPage(page));
   */
  forEach<T, C, P extends number | undefined = undefined>(
    source: ItemSource<T, C>,
    options: EachItemOptions<T, C, P>,
    body: (item: Page<T, P>) => PromiseLike<unknown>,
  ): Promise<void>;
  /**
   * Writes new values to many rows in one statement. Each of `rows` holds the key and the new
   * values. All of them need the same properties.
   * @returns the number of rows that were updated
   * @throws JobUsageError when two rows have the same key, the rows differ in their properties, or
   *   the table has no such column.
   * @example
   * await job.updateRows(tx, places, places.id, [{ id: 7, geohash: 'u33d' }]);
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
  /**
   * Does a part of run() and remembers that it is done: later attempts skip it, and get what it
   * returned. Operators see its name while it runs, and when it began and ended.
   *
   * `body` is done AT LEAST ONCE: after a crash just before it ends it is called again, so it must
   * be safe to repeat. Walks inside of it continue where they stopped, as everywhere. With
   * `{ transaction: true }`, what `body` does through `tx` happens EXACTLY ONCE, together with the
   * note that it is done. After a deadlock or a lock timeout it is rolled back and called again.
   *
   * Steps can't be nested, or begin inside of a walk. Await all that a step does.
   * @param name unique in the job, at most 100 characters. A step of another name is another step.
   * @param options `{ transaction: true }`, or left out. The transaction waits 2 seconds for a lock.
   * @returns what `body` returned, as JSON holds it (a Date becomes a text); at most 1 MiB
   * @throws JobUsageError when a step can't begin here, two have the same name, its result is not
   *   JSON, or it left something running; UnfinishedStep when it failed before in this attempt;
   *   Superseded, AttemptOutdated and `signal.reason` as inBatches does; what `body` throws.
   * @example
   * await job.step('swap columns', { transaction: true }, async (tx) => {
   *   await tx.execute(sql`alter table users rename column email to email_old`);
   *   await tx.execute(sql`alter table users rename column email_lower to email`);
   * });
   */
  step<T>(name: string, body: () => T): Promise<Awaited<T>>;
  step<T>(name: string, options: StepOptions, body: (tx: Transaction) => T): Promise<Awaited<T>>;
  /**
   * Creates an index while the application reads and writes the table (CREATE INDEX CONCURRENTLY).
   * Does nothing when it is there already. What is left of a build that was killed is dropped first.
   * It waits 2 seconds for the table's lock, and tries again up to ten times. One build runs at a
   * time. A build that takes longer than the attempt's time limit begins anew in each attempt: set
   * `options.startToCloseTimeout`.
   * @param name without its schema; it is created in the schema of the table
   * @param table a table, one partition or a materialized view
   * @param definition what follows the table in CREATE INDEX
   * @throws JobUsageError when the table is partitioned, or an index of that name has another
   *   definition; OwnTransaction when the build waits for an idle transaction of the job; the error
   *   of Postgres, for instance when the rows of a unique index are not unique; `signal.reason` when
   *   the attempt has to stop.
   * @example
   * await job.createIndexConcurrently('users_email_lower', users, sql`(${users.emailLower})`, {
   *   unique: true,
   * });
   */
  createIndexConcurrently(
    name: string,
    table: TableReference,
    definition: SQL,
    options?: IndexOptions,
  ): Promise<void>;
  /**
   * Checks all rows for a constraint that was added with NOT VALID, while the application reads and
   * writes the table. Does nothing when it is valid already. It waits 2 seconds for its lock, and
   * tries again up to ten times.
   * @throws JobUsageError when there is no such constraint; the error of Postgres when a row
   *   violates it; `signal.reason` when the attempt has to stop.
   * @example
   * await job.validateConstraint(orders, 'orders_user_id_fkey');
   */
  validateConstraint(table: TableReference, name: string): Promise<void>;
  /**
   * Calls a function for each of `rows` in threads of their own: for work that keeps a processor
   * busy, such as hashing or image processing. The threads are started at the first call, kept, and
   * end with the attempt. The database is not throttled for that time.
   *
   * Rows and results are copied between the threads, so they must be plain values: also Buffers,
   * Dates and Maps, but no functions. The function gets no `tx`: read before it, write after it.
   * @param module the file whose default export is the function, relative to the job's file. Write
   *   './hash.js' for hash.ts, too. It must be in the job's package
   * @returns the results, in the order of the rows
   * @throws JobUsageError when there is no such module, or an option makes no sense; what the
   *   function throws, as an Error with its name, message and code; `signal.reason` when the attempt
   *   has to stop.
   * @example
   * // jobs/hash.ts: export default (user: { id: bigint; pin: string }) => scryptSync(user.pin, …);
   * const hashes = await job.map<Buffer>(rows, './hash.js');
   */
  map<R>(rows: readonly unknown[], module: string, options?: MapOptions): Promise<R[]>;
}

/** Options of {@link JobContext.map}. */
export interface MapOptions {
  /**
   * Number of threads, 1 to 16. Default: the number of cores minus one, which is left to the job's
   * own thread; at least 1. Each has a heap as large as `memoryLimitMb`.
   */
  readonly threads?: number | undefined;
}

/**
 * Options of one job. Each replaces a setting of the worker.
 * @example
 * export const options: JobOptions = { startToCloseTimeout: '6 hours', maxFailures: 20 };
 */
export interface JobOptions {
  /** The time limit of an attempt, for instance '6 hours'. Default: LRM_START_TO_CLOSE. */
  readonly startToCloseTimeout?: string | undefined;
  /**
   * Temporal considers the attempt lost after this time without a heartbeat. Default:
   * LRM_HEARTBEAT_TIMEOUT.
   */
  readonly heartbeatTimeout?: string | undefined;
  /**
   * The time that run() has between the abort of `signal` and the end of its process. Default:
   * LRM_STOP_GRACE.
   */
  readonly stopGrace?: string | undefined;
  /** The largest heap of the job thread, in MiB. Default: LRM_MEMORY_LIMIT_MB. */
  readonly memoryLimitMb?: number | undefined;
  /**
   * The migration fails after this many attempts in a row that ended with an error of unknown kind
   * and made no progress. Default: LRM_MAX_FAILURES.
   */
  readonly maxFailures?: number | undefined;
}
