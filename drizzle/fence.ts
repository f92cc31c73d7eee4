import { type SQL, sql } from 'drizzle-orm';
import { migrations, SCHEMA } from './schema';

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
 * Hence {@link FENCED_ISOLATION}.
 *
 * An advisory lock rather than the row's: share locks on a row by several lanes write multixacts,
 * and the claim's UPDATE behind them could deadlock.
 */
export const FENCED_ISOLATION = 'read committed';

/** One key a migration; two with the same hash would only wait for each other's claims. */
const key = (migration: string): SQL => sql`hashtextextended(${`${SCHEMA}:${migration}`}, 0)`;

/** First statement of an attempt's transaction. Held to its end. */
export const lockShared = (migration: string): SQL =>
  sql`select pg_advisory_xact_lock_shared(${key(migration)})`;

/** First statement of a claim: waits for running batches, holds back new ones. */
export const lockExclusive = (migration: string): SQL =>
  sql`select pg_advisory_xact_lock(${key(migration)})`;

/** Second statement: one row while the attempt may write, none when it has been superseded. */
export const selectIfCurrent = (migration: string, attemptId: bigint): SQL =>
  sql`select 1 as current from ${migrations}
      where name = ${migration} and current_attempt = ${String(attemptId)}::bigint and status = 'in_progress'`;
