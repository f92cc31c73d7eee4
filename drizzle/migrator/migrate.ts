import { connect, type Sql } from '../connect';
import { SCHEMA } from '../schema';
import type { Entry, MigrationSet } from './journal';
import { appliedTable, explainUnappliable, unappliedEntries } from './unapplied';

export { missingEntries, unappliedEntries } from './unapplied';

/** The journal holds entries that will never be applied as it stands. */
export class NotApplied extends Error {
  override readonly name = 'NotApplied';
}

/** An entry's own SQL failed. The database is as it was before that entry. */
export class EntryFailed extends Error {
  override readonly name = 'EntryFailed';
  constructor(set: MigrationSet, tag: string, cause: unknown) {
    super(`drizzle/${set}/${tag}.sql failed`, { cause });
  }
}

/**
 * A table that is in use must not be waited for longer: the DDL's lock request makes everybody
 * else queue behind it.
 */
const LOCK_TIMEOUT = '10s';

/**
 * Applies what the database lacks of a set, each entry in a transaction of its own, and gives
 * their names. Two at once end well: the second waits for the first, and finds nothing to do.
 *
 * Drizzle's own migrator isn't used, since its CREATE SCHEMA IF NOT EXISTS asks for a right on the
 * whole database even where the schema exists. What it applies is the same: the entries newer than
 * the newest applied one.
 *
 * @param onApplied called after each, also when a later one fails
 * @throws NotApplied naming entries that are older than that, or changed after they were applied.
 * @throws EntryFailed naming the entry whose SQL failed.
 */
export async function applyMigrations(
  databaseUrl: string,
  set: MigrationSet,
  onApplied: (tag: string) => void = () => {},
): Promise<string[]> {
  // The lock belongs to a session: one connection, kept to the end.
  const sql = connect(databaseUrl, { max: 1, applicationName: 'lrm migrate' });
  try {
    await takeLock(sql, set);
    return await applyNew(sql, set, onApplied);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function takeLock(sql: Sql, set: MigrationSet): Promise<void> {
  await sql`select pg_advisory_lock(hashtextextended(${appliedTable[set]}, 0))`;
  // Only now: it holds for advisory locks as well, and the other lrm migrate may be long.
  await sql`select set_config('lock_timeout', ${LOCK_TIMEOUT}, false)`;
}

async function applyNew(
  sql: Sql,
  set: MigrationSet,
  onApplied: (tag: string) => void,
): Promise<string[]> {
  await createAppliedTable(sql, set);
  const unapplied = await unappliedEntries(sql, set);
  const applied: string[] = [];
  for (const { entry } of unapplied.filter(({ why }) => why === 'new')) {
    await apply(sql, set, entry);
    applied.push(entry.tag);
    onApplied(entry.tag);
  }
  const problem = explainUnappliable(set, unapplied);
  if (problem) throw new NotApplied(problem);
  return applied;
}

/** The same columns as Drizzle's own. */
async function createAppliedTable(sql: Sql, set: MigrationSet): Promise<void> {
  const [found] = await sql<{ there: boolean }[]>`
    select to_regnamespace(${SCHEMA}) is not null as there`;
  // Where an owner has created it for this role, this role may not create schemas itself.
  if (!found?.there) await sql`create schema ${sql(SCHEMA)}`;
  await sql`
    create table if not exists ${sql(appliedTable[set])} (
      id serial primary key, hash text not null, created_at bigint
    )`;
}

async function apply(sql: Sql, set: MigrationSet, entry: Entry): Promise<void> {
  try {
    await sql.begin(async (tx) => {
      for (const statement of entry.statements) await tx.unsafe(statement);
      await tx`
        insert into ${tx(appliedTable[set])} (hash, created_at)
        values (${entry.hash}, ${entry.when})`;
    });
  } catch (error) {
    throw new EntryFailed(set, entry.tag, error);
  }
}
