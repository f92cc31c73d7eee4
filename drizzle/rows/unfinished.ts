import type { Sql } from '../connect';
import { SCHEMA } from '../ourSchema';
import type { Migration } from '../schema';

// What a deploy gate reads. Plain SQL: loading Drizzle would slow down the start of an application
// that has a gate there.

const MIGRATIONS = `${SCHEMA}.migrations`;
const SKIPPED_ROWS = `${SCHEMA}.skipped_rows`;

/** What a deploy gate says about a migration. */
export type Unfinished = Pick<Migration, 'name' | 'status' | 'direction' | 'error' | 'waitsFor'> & {
  /** Skipped rows that nobody has accepted. */
  readonly skipped: number;
};

/**
 * Reads the migrations that aren't completed, or are but for rows that were skipped and that nobody
 * has accepted, in the order they run. A name without a target stands for all that is registered of
 * its file. No names: all of them.
 */
export async function readUnfinished(sql: Sql, names: readonly string[]): Promise<Unfinished[]> {
  const named =
    names.length > 0
      ? sql`and (name in ${sql(names)} or split_part(name, ':', 1) in ${sql(names)})`
      : sql``;
  // A gate may come before `lrm migrate` of this version.
  const [found] = await sql<{ exists: boolean }[]>`
    select to_regclass(${SKIPPED_ROWS}) is not null as exists`;
  const skipped = found?.exists
    ? sql`(select count(*)::int from ${sql(SKIPPED_ROWS)} s
        where s.migration = m.name and s.accepted_at is null)`
    : sql`0`;
  // The same version has added both.
  const direction = found?.exists ? sql`direction` : sql`'forward'`;
  return sql<Unfinished[]>`
    select name, status, ${direction} as direction, error, waits_for as "waitsFor", ${skipped} as skipped
    from ${sql(MIGRATIONS)} m
    where (status <> 'completed' or ${skipped} > 0) ${named} order by created_at, name`;
}

/** Returns the names of which nothing is registered, with or without a target. */
export async function readUnregistered(sql: Sql, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await sql<{ name: string }[]>`
    select name from ${sql(MIGRATIONS)} where name in ${sql(names)}
    union select split_part(name, ':', 1) from ${sql(MIGRATIONS)}
    where split_part(name, ':', 1) in ${sql(names)}`;
  const registered = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !registered.has(name));
}

/** Reads the names of all registered migrations, in alphabetical order. */
export async function readNames(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`select name from ${sql(MIGRATIONS)} order by name`;
  return rows.map(({ name }) => name);
}
