import type { SQL } from 'drizzle-orm';
import type { Database, Transaction } from '../../drizzle/database';
import {
  type FencedAttempt,
  lockShared,
  requireCurrent,
  selectIfCurrent,
} from '../../drizzle/rows/fence';
import { inTransaction } from '../../drizzle/transaction';

export type { Database, Transaction } from '../../drizzle/database';

/** A worker's log, with the migration and the attempt added to each line. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** How far the work is. What is left out stays as it was. */
export interface Progress {
  /** Rows done, by all attempts together. */
  readonly done?: number;
  /** Rows there are to do; an estimate will do; null where nobody knows. */
  readonly total?: number | null;
  /** Why it isn't working just now ('replica 12 s behind'); null when it goes on. */
  readonly waitingFor?: string | null;
  /** Anything else that an operator should see (batch size, lanes). Never a row's values. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/** The attempt that a job's context belongs to: what its parts (batches, checkpoint) work with. */
export interface Attempt extends FencedAttempt {
  /** Its own pool; each new session has checked that the attempt is still the current one. */
  readonly db: Database;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** True when an operator wants it done as fast as can be (`lrm finalize`): no throttling. */
  readonly unthrottled: boolean;
  /** Passes progress on to the worker; cheap enough to be called for every row. */
  report(progress: Progress): void;
  /** Notes that something was kept (a batch, a checkpoint): the count of failures in a row starts again. */
  progressed(): void;
}

/**
 * Runs `body` in a transaction that commits only while the attempt is the current one.
 * @throws Superseded when it isn't; AttemptOutdated when the database is no longer the one it began on.
 */
export function fencedTransaction<T>(
  attempt: Attempt,
  body: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return inTransaction(attempt.db, async (tx) => {
    await fence(tx, attempt);
    return body(tx);
  });
}

/**
 * Fences a transaction that is READ COMMITTED: lock first, check in the next statement.
 * @param more further columns for the row of the check
 */
export async function fence<R extends Record<string, unknown>>(
  tx: { execute(query: SQL): PromiseLike<readonly Record<string, unknown>[]> },
  attempt: FencedAttempt,
  more?: SQL,
): Promise<R> {
  // Sent together, run one after the other: two statements, so two snapshots.
  const [, [row]] = await Promise.all([
    tx.execute(lockShared(attempt.migration)),
    tx.execute(selectIfCurrent(attempt, more)),
  ]);
  return requireCurrent(attempt, row) as R;
}
