import { sql } from 'drizzle-orm';
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
import { inlined } from '../../drizzle/statement';
import { type Flights, inFlights, type Landed } from '../../drizzle/transaction';
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
export async function fencedTransaction<T>(
  attempt: Attempt,
  body: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const { db, dry } = attempt;
  const { result } = await attemptFlights(attempt, {
    first: dry
      ? []
      : [inlined(db, lockShared(lockName(attempt))), inlined(db, selectIfCurrent(attempt))],
    body: (tx, [, current]) => {
      if (!dry) requireCurrent(attempt, current?.[0]);
      return body(tx);
    },
  });
  return result;
}

/**
 * Runs a transaction that has to fence itself, by its first statements. In a further database, the
 * main database's fence is held around it: until the transaction has ended, no newer attempt can be
 * claimed, and nobody can pause, cancel or unregister the migration.
 */
export async function attemptFlights<T>(
  { db, home }: Pick<Attempt, 'db' | 'home'>,
  flights: Flights<T>,
): Promise<Landed<T>> {
  if (!home) return inFlights(db, flights);
  let committed: Landed<T> | undefined;
  try {
    await fencedTransaction(home, async (tx) => {
      // It is idle for as long as the other one takes. What ends a frozen one is the next claim.
      await tx.execute(NEVER_IDLE_FOR_TOO_LONG);
      committed = await inFlights(db, flights);
    });
  } catch (error) {
    // Only the lock's own transaction failed. The work must not be taken for rolled back.
    if (!committed) throw error;
  }
  return committed as unknown as Landed<T>;
}

const NEVER_IDLE_FOR_TOO_LONG = sql`set local idle_in_transaction_session_timeout = 0`;

/**
 * Fences a READ COMMITTED transaction that has begun already: one statement takes the lock, the next
 * one checks.
 */
export async function fence(
  tx: Pick<Transaction, 'execute'>,
  attempt: FencedAttempt & Pick<Attempt, 'dry'>,
): Promise<void> {
  if (attempt.dry) return;
  // They are sent together, and Postgres runs them one after the other. The second statement has a
  // snapshot of its own, so its check sees what was committed before the lock was given.
  const [, [row]] = await Promise.all([
    tx.execute(lockShared(lockName(attempt))),
    tx.execute(selectIfCurrent(attempt)),
  ]);
  requireCurrent(attempt, row);
}
