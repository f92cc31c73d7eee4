import { connect, type Sql } from '../connect';
import { SCHEMA } from '../schema';
import type { Entry, MigrationSet } from './journal';
import { appliedTable, explainUnappliable, unappliedEntries } from './unapplied';

export { missingEntries, unappliedEntries } from './unapplied';

/** The journal holds entries that will never be applied unless somebody changes it. */
export class NotApplied extends Error {
  override readonly name = 'NotApplied';
}

/** The SQL of an entry failed. The database is as it was before that entry. */
export class EntryFailed extends Error {
  override readonly name = 'EntryFailed';
  constructor(set: MigrationSet, tag: string, cause: unknown) {
    super(`drizzle/${set}/${tag}.sql failed`, { cause });
  }
}

/** Short, because everybody else queues behind DDL that waits for a table in use. */
const LOCK_TIMEOUT = '10s';

/**
 * Applies the entries of a set that the database lacks, each in its own transaction. Two calls at
 * the same time are safe: the second waits for the first, and then finds nothing to do.
 *
 * Like Drizzle's own migrator it applies the entries that are newer than the newest applied one. We
 * don't use Drizzle's, because its CREATE SCHEMA IF NOT EXISTS needs a privilege on the whole
 * database even if the schema exists.
 *
 * @param onApplied called after each entry, so also before a later one fails
 * @returns the names of the applied entries
 * @throws NotApplied with the entries that are too old or that were changed after they were applied
 * @throws EntryFailed with the entry whose SQL failed
 */
export async function applyMigrations(
  databaseUrl: string,
  set: MigrationSet,
  onApplied: (tag: string) => void = () => {},
): Promise<string[]> {
  // The lock belongs to a session, so there is only one connection.
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
  // Set only now, because it would also limit the wait for another lrm migrate, which may be long.
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

/** It has the same columns as Drizzle's own table. */
async function createAppliedTable(sql: Sql, set: MigrationSet): Promise<void> {
  const [found] = await sql<{ there: boolean }[]>`
    select to_regnamespace(${SCHEMA}) is not null as there`;
  // A role that may not create schemas can work in one that the database's owner has created.
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
