import type { SQL } from 'drizzle-orm';
import type { Database } from '../../drizzle/database';
import { FENCED_ISOLATION, lockShared, selectIfCurrent } from '../../drizzle/fence';
import { Superseded } from '../../drizzle/superseded';

export type { Database } from '../../drizzle/database';

/** A Drizzle transaction on it. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

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
export interface Attempt {
  readonly migration: string;
  /** `long_running_migrations.attempts.id`. */
  readonly id: bigint;
  readonly number: number;
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
 * @throws Superseded when it isn't.
 */
export function fencedTransaction<T>(
  attempt: Attempt,
  body: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return attempt.db.transaction(
    async (tx) => {
      await fence(tx, attempt);
      return body(tx);
    },
    { isolationLevel: FENCED_ISOLATION },
  );
}

/** Fences a transaction that is READ COMMITTED: lock first, check in the next statement. */
export async function fence(
  tx: { execute(query: SQL): PromiseLike<{ readonly length: number }> },
  attempt: Pick<Attempt, 'migration' | 'id'>,
): Promise<void> {
  // Sent together, run one after the other: two statements, so two snapshots.
  const [, current] = await Promise.all([
    tx.execute(lockShared(attempt.migration)),
    tx.execute(selectIfCurrent(attempt.migration, attempt.id)),
  ]);
  if (current.length === 0) throw new Superseded(attempt.migration);
}
