import { type SQL, sql } from 'drizzle-orm';
import { migrations, SCHEMA } from '../schema';
import { AttemptOutdated, Superseded } from './superseded';

/**
 * The fence: how a newer attempt keeps every older one from taking effect.
 *
 * A transaction of an attempt takes the migration's advisory lock shared and then, IN THE NEXT
 * STATEMENT, checks that its attempt is still the current one. A claim takes the lock exclusively
 * before it stores a new current attempt. So either the batch commits before the claim goes on, or
 * its check sees the claim.
 *
 * Three ways that look alike don't hold (each has a test): lock and check in one statement, and
 * REPEATABLE READ or SERIALIZABLE even in two, since the snapshot is then older than the lock.
 * Hence inTransaction() of transaction.ts.
 *
 * An advisory lock rather than the row's: share locks on a row by several lanes write multixacts,
 * and the claim's UPDATE behind them could deadlock.
 */

/** One attempt of one migration. */
export interface AttemptRef {
  readonly migration: string;
  /** `attempts.id`. */
  readonly id: bigint;
  /** Counts on over all runs, from 1. */
  readonly number: number;
}

/** An attempt as the fence knows it. */
export interface FencedAttempt extends AttemptRef {
  /** Drawn by its claim: a database that lost the claim may hand out its id again. */
  readonly epoch: string;
  /** Where it was claimed, see {@link SERVER}. */
  readonly server: string;
}

/** One key a migration; two with the same hash would only wait for each other's claims. */
const key = (migration: string): SQL => sql`hashtextextended(${`${SCHEMA}:${migration}`}, 0)`;

/** First statement of an attempt's transaction. Held to its end. */
export const lockShared = (migration: string, more: SQL = sql``): SQL =>
  sql`select pg_advisory_xact_lock_shared(${key(migration)}) ${more}`;

/** First statement of a claim: waits for running batches, holds back new ones. */
export const lockExclusive = (migration: string): SQL =>
  sql`select pg_advisory_xact_lock(${key(migration)})`;

/**
 * Which start of which server this is, and which life of our table, in a query over `migrations`. A
 * server that lost its last commits has been started since, or is another one; a restored backup
 * brings a new table.
 */
export const SERVER: SQL<string> = sql<string>`concat_ws(' ',
  extract(epoch from pg_postmaster_start_time()), ${migrations}.tableoid)`;

/** Second statement: one row while the attempt may write, none when it has been superseded. */
export const selectIfCurrent = (attempt: FencedAttempt, more: SQL = sql``): SQL =>
  sql`select ${SERVER} as server ${more} from ${migrations} where ${ifCurrent(attempt)}`;

/** The condition for the row of a migration whose current attempt is this one. */
export const ifCurrent = ({
  migration,
  id,
  epoch,
}: Pick<FencedAttempt, 'migration' | 'id' | 'epoch'>): SQL =>
  sql`${migrations.name} = ${migration} and ${migrations.currentAttempt} = ${String(id)}::bigint
    and ${migrations.epoch} = ${epoch}::uuid and ${migrations.status} = 'in_progress'`;

/**
 * Looks at what {@link selectIfCurrent} found.
 * @throws Superseded when a newer attempt has begun, AttemptOutdated on another server than the claim's.
 */
export function requireCurrent<R extends { readonly server?: unknown }>(
  attempt: FencedAttempt,
  row: R | undefined,
): R {
  if (!row) throw new Superseded(attempt.migration);
  if (row.server !== attempt.server) {
    throw new AttemptOutdated(
      'the database server was restarted or replaced, or its data restored, while the attempt ran',
    );
  }
  return row;
}
