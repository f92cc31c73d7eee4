import { connect, type Sql } from '../connect';
import { refuseSharedSessions } from '../connection/pooler';
import { takeRegistrations } from '../rows/registrations';
import { SCHEMA } from '../schema';
import { EntryFailed, NotApplied } from './errors';
import type { Entry, MigrationSet } from './journal';
import { despiteRace } from './race';
import { requireRights } from './rights';
import { appliedTable, explainUnappliable, unappliedEntries } from './unapplied';

export { EntryFailed, NotApplied } from './errors';
export { missingEntries, unappliedEntries } from './unapplied';

/** Short, because everybody else queues behind DDL that waits for a table in use. */
const LOCK_TIMEOUT = '10s';

/** Called as {@link applyMigrations} goes on. */
export interface Listeners {
  /** An entry was applied. */
  readonly applied?: (tag: string) => void;
  /** A migration that the application had registered before was taken over. */
  readonly registered?: (name: string) => void;
  /** Another call holds the lock, in the session of this process ID: this one waits for it. */
  readonly waiting?: (pid: number) => void;
}

/**
 * Applies the entries of a set that the database lacks, each in its own transaction. Two calls at
 * the same time are safe: the second waits for the first, and then finds nothing to do.
 *
 * Like Drizzle's own migrator it applies the entries that are newer than the newest applied one. We
 * don't use Drizzle's, because its CREATE SCHEMA IF NOT EXISTS needs a privilege on the whole
 * database even if the schema exists.
 *
 * For our own tables, it then takes over what waits in `registrations`.
 *
 * @param on called after each entry, so also before a later one fails, and for each migration that
 *   was taken over
 * @param setting the one that holds the URL, for messages
 * @returns the names of the applied entries
 * @throws OperationRefused with the rights that this role lacks, and when a pooler shares sessions
 * @throws NotApplied with the entries that are too old or that were changed after they were applied
 * @throws EntryFailed with the entry whose SQL failed
 */
export async function applyMigrations(
  databaseUrl: string,
  set: MigrationSet,
  on: Listeners = {},
  setting = 'DATABASE_URL',
): Promise<string[]> {
  const options = { applicationName: 'lrm migrate', setting };
  // The lock belongs to a session, so there is only one connection. A pooler that shares sessions would
  // keep the lock, and every later call would wait for it.
  await refuseSharedSessions(databaseUrl, options);
  const sql = connect(databaseUrl, { ...options, max: 1 });
  try {
    await takeLock(sql, set, on);
    const applied = await applyNew(sql, set, on);
    if (set === 'sql') for (const name of await takeRegistrations(sql)) on.registered?.(name);
    return applied;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function takeLock(sql: Sql, set: MigrationSet, { waiting }: Listeners): Promise<void> {
  const key = sql`hashtextextended(${appliedTable[set]}, 0)`;
  const [free] = await sql<{ locked: boolean }[]>`select pg_try_advisory_lock(${key}) as locked`;
  if (!free?.locked) {
    const [holder] = await sql<{ pid: number }[]>`
      select l.pid from pg_catalog.pg_locks l, lateral (select ${key} as key) k
      where l.locktype = 'advisory' and l.granted and l.objsubid = 1
        and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
        and l.classid::bigint = (k.key >> 32) & 4294967295 and l.objid::bigint = k.key & 4294967295`;
    if (holder) waiting?.(holder.pid);
    await sql`select pg_advisory_lock(${key})`;
  }
  // Set only now, because it would also limit the wait for another lrm migrate, which may be long.
  await sql`select set_config('lock_timeout', ${LOCK_TIMEOUT}, false)`;
}

async function applyNew(sql: Sql, set: MigrationSet, on: Listeners): Promise<string[]> {
  await requireRights(sql);
  await createAppliedTable(sql, set);
  const unapplied = await unappliedEntries(sql, set);
  const applied: string[] = [];
  for (const { entry } of unapplied.filter(({ why }) => why === 'new')) {
    await despiteRace(() => apply(sql, set, entry));
    applied.push(entry.tag);
    on.applied?.(entry.tag);
  }
  const problem = explainUnappliable(set, unapplied);
  if (problem) throw new NotApplied(problem);
  return applied;
}

/** It has the same columns as Drizzle's own table. */
async function createAppliedTable(sql: Sql, set: MigrationSet): Promise<void> {
  await despiteRace(() => createSchema(sql));
  await sql`
    create table if not exists ${sql(appliedTable[set])} (
      id serial primary key, hash text not null, created_at bigint
    )`;
}

/** A role that may not create schemas can work in one that the database's owner has created. */
async function createSchema(sql: Sql): Promise<void> {
  const [found] = await sql<{ there: boolean }[]>`
    select to_regnamespace(${SCHEMA}) is not null as there`;
  if (!found?.there) await sql`create schema ${sql(SCHEMA)}`;
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
