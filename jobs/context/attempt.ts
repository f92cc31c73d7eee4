import { type SQL, sql } from 'drizzle-orm';
import type { Sql } from '../../drizzle/connect';
import type { Database, Transaction } from '../../drizzle/database';
import {
  type FencedAttempt,
  lockName,
  lockShared,
  requireCurrent,
  selectIfCurrent,
} from '../../drizzle/rows/fence';
import type { Direction } from '../../drizzle/schema';
import { inTransaction } from '../../drizzle/transaction';
import type { DryRun } from './dryRun';

export type { Database, Transaction } from '../../drizzle/database';

/** A worker's log, with the migration and the attempt added to each line. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** How far the work is. A field that is left out keeps its last value. */
export interface Progress {
  /** Rows done by all attempts together. */
  readonly done?: number;
  /** Rows to do in all. An estimate is enough. Null when it is unknown. */
  readonly total?: number | null;
  /** Why the job waits ('replica 12 s behind'). Null when it goes on. */
  readonly waitingFor?: string | null;
  /** What the attempt does apart from its walks ('create index'). Null when nothing else runs. */
  readonly step?: string | null;
  /** More for the operator to see (batch size, lanes). Never the values of a row. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/** The attempt behind a job's context. The context's parts (batches, checkpoint) work with it. */
export interface Attempt extends FencedAttempt {
  /**
   * The attempt's own pool. Each new session first checks that the attempt is still the current
   * one.
   */
  readonly db: Database;
  /** Only of an attempt in a further database: the same one in the main database. */
  readonly home?: Attempt | undefined;
  /** A pool of one session, for DDL statements outside of transactions. */
  readonly ddl: Sql;
  /** A pool of one session, for measuring how busy the database is: it must not wait for lanes. */
  readonly canary: Sql;
  /** Which of the job's functions it runs. Default: run(). */
  readonly direction?: Direction;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** True turns all throttling off: an operator waits for the job (`lrm finalize`). */
  readonly unthrottled: boolean;
  /**
   * Only of an attempt that may do nothing but find out that there is nothing to do. A walk calls it
   * at its first row, and it ends the attempt.
   */
  readonly hasRows?: ((over: string) => Promise<never>) | undefined;
  /** Only of a dry run: nothing is stored, and no fence is needed. */
  readonly dry?: DryRun | undefined;
  /** Sends progress to the worker. Cheap enough to be called for every row. */
  report(progress: Progress): void;
  /** Resets the count of failures in a row. Called when a batch or a checkpoint has been stored. */
  progressed(): void;
}

/**
 * Runs `body` in a transaction that commits only while the attempt is the current one.
 * @throws Superseded when a newer attempt has begun; AttemptOutdated when the database is no longer
 *   the one that the attempt began on.
 */
export function fencedTransaction<T>(
  attempt: Attempt,
  body: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return attemptTransaction(attempt, async (tx) => {
    await fence(tx, attempt);
    return body(tx);
  });
}

/**
 * Runs `body` in a transaction that `body` itself has to fence. In a further database, the main
 * database's fence is held around it: until the transaction has ended, no newer attempt can be
 * claimed, and nobody can pause, cancel or unregister the migration.
 */
export async function attemptTransaction<T>(
  { db, home }: Attempt,
  body: (tx: Transaction) => Promise<T>,
): Promise<T> {
  if (!home) return inTransaction(db, body);
  let committed: { readonly result: T } | undefined;
  try {
    await fencedTransaction(home, async (tx) => {
      // It is idle for as long as `body` takes. What ends a frozen one is the next claim.
      await tx.execute(NEVER_IDLE_FOR_TOO_LONG);
      committed = { result: await inTransaction(db, body) };
    });
  } catch (error) {
    // Only the lock's own transaction failed. The work must not be taken for rolled back.
    if (!committed) throw error;
  }
  return (committed as unknown as { readonly result: T }).result;
}

const NEVER_IDLE_FOR_TOO_LONG = sql`set local idle_in_transaction_session_timeout = 0`;

/**
 * Fences a READ COMMITTED transaction: one statement takes the lock, the next one checks.
 * @param more further columns for the check's row, each after a comma
 */
export async function fence<R extends Record<string, unknown>>(
  tx: { execute(query: SQL): PromiseLike<readonly Record<string, unknown>[]> },
  attempt: FencedAttempt & Pick<Attempt, 'dry'>,
  more?: SQL,
): Promise<R> {
  if (attempt.dry) return {} as R;
  // They are sent together, and Postgres runs them one after the other. The second statement has a
  // snapshot of its own, so its check sees what was committed before the lock was given.
  const [, [row]] = await Promise.all([
    tx.execute(lockShared(lockName(attempt))),
    tx.execute(selectIfCurrent(attempt, more)),
  ]);
  return requireCurrent(attempt, row) as R;
}
