import { type SQL, sql } from 'drizzle-orm';
import { attempts, migrations, SCHEMA, visitingAttempts } from '../schema';
import { AttemptOutdated, Superseded } from './superseded';

/**
 * The fence: how a newer attempt keeps every older one from changing data.
 *
 * A transaction of an attempt takes the migration's advisory lock in shared mode. IN THE NEXT
 * STATEMENT it checks that its attempt is still the current one. A claim takes the lock in
 * exclusive mode before it stores a new current attempt. So either the batch commits before the
 * claim goes on, or its check sees the claim.
 *
 * Three similar ways do not work, and each has a test: lock and check in one statement, and
 * REPEATABLE READ or SERIALIZABLE even with two statements. In all of them the snapshot is older
 * than the lock. This is why transaction.ts has inTransaction().
 *
 * The lock is not the row's own: share locks of several lanes on one row write multixacts, and the
 * claim's UPDATE could deadlock with them.
 */

/** One attempt of one migration. */
export interface AttemptRef {
  readonly migration: string;
  /** `attempts.id`. */
  readonly id: bigint;
  /** Counts over all runs, from 1. */
  readonly number: number;
}

/** An attempt as the fence knows it. */
export interface FencedAttempt extends AttemptRef {
  /** A random value of its claim. A database that lost the claim may use the ID again. */
  readonly epoch: string;
  /** The server of its claim, see {@link SERVER}. */
  readonly server: string;
  /** Only where it works in another database than that of its migration: who it is there. */
  readonly visitor?: Visitor | undefined;
}

/**
 * A migration of another database. Its attempt here has the generation as `migration`, so that no
 * walk of it can be taken for one of a migration of this database.
 */
export interface Visitor {
  /** `installations.id` of the other database. */
  readonly installation: string;
  readonly migration: string;
}

/** One key for each migration. Two with the same hash would only wait for each other's claims. */
const key = (migration: string): SQL => sql`hashtextextended(${`${SCHEMA}:${migration}`}, 0)`;

/** Under this name an attempt takes its migration's lock. */
export const lockName = ({
  migration,
  visitor,
}: Pick<FencedAttempt, 'migration' | 'visitor'>): string =>
  visitor ? `${visitor.installation}:${visitor.migration}` : migration;

/** The first statement of an attempt's transaction, which holds the lock to its end. */
export const lockShared = (migration: string, more: SQL = sql``): SQL =>
  sql`select pg_advisory_xact_lock_shared(${key(migration)}) ${more}`;

/** The first statement of a claim. It waits for running batches and holds back new ones. */
export const lockExclusive = (migration: string): SQL =>
  sql`select pg_advisory_xact_lock(${key(migration)})`;

/**
 * Identifies the server and its data, in a query over `migrations`. A server that was restarted or
 * replaced has a new start time, and a restored backup a new table. After the crash of one backend the
 * start time is the old one: what tells then is the session that was lost.
 */
export const SERVER: SQL<string> = sql<string>`concat_ws(' ',
  extract(epoch from pg_postmaster_start_time()), ${migrations}.tableoid)`;

/** The second statement. It returns one row while the attempt may write, and then none. */
export const selectIfCurrent = (attempt: FencedAttempt, more: SQL = sql``): SQL =>
  attempt.visitor
    ? sql`select ${VISITED_SERVER} as server ${more} from ${visitingAttempts}
        where ${isVisitor(attempt.visitor)} and ${visitingAttempts.attempt} = ${String(attempt.id)}::bigint
          and ${visitingAttempts.epoch} = ${attempt.epoch}::uuid`
    : sql`select ${SERVER} as server ${more} from ${migrations} where ${ifCurrent(attempt)}`;

/** {@link SERVER} in a query over `visiting_attempts`. */
export const VISITED_SERVER: SQL<string> = sql<string>`concat_ws(' ',
  extract(epoch from pg_postmaster_start_time()), ${visitingAttempts}.tableoid)`;

/** Selects a visitor's row. */
export const isVisitor = ({ installation, migration }: Visitor): SQL =>
  sql`${visitingAttempts.installation} = ${installation}::uuid and ${visitingAttempts.migration} = ${migration}`;

/** Selects the migration's row, as long as this attempt is the current one. */
export const ifCurrent = ({
  migration,
  id,
  epoch,
}: Pick<FencedAttempt, 'migration' | 'id' | 'epoch'>): SQL =>
  sql`${migrations.name} = ${migration} and ${migrations.currentAttempt} = ${String(id)}::bigint
    and ${migrations.epoch} = ${epoch}::uuid and ${migrations.status} = 'in_progress'`;

/**
 * Selects the attempt's own row. Not by its ID alone: a database that was restored may have given it
 * to another attempt.
 */
export const isAttempt = ({ id, epoch }: Pick<FencedAttempt, 'id' | 'epoch'>): SQL =>
  sql`${attempts.id} = ${String(id)}::bigint and ${attempts.epoch} = ${epoch}::uuid`;

/**
 * Checks the result of {@link selectIfCurrent}.
 * @throws Superseded when a newer attempt has begun
 * @throws AttemptOutdated when the server is not the one of the claim
 */
export function requireCurrent<R extends { readonly server?: unknown }>(
  attempt: FencedAttempt,
  row: R | undefined,
): R {
  if (!row) throw new Superseded(attempt.visitor?.migration ?? attempt.migration);
  if (row.server !== attempt.server) {
    throw new AttemptOutdated(
      'the database server was restarted or replaced, or its data restored, while the attempt ran',
    );
  }
  return row;
}
