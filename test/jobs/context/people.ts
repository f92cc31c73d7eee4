import { afterEach, beforeEach } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { type TestDatabase, useDatabase } from '../../support/database';

export const people = pgTable('people', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  team: integer('team').notNull(),
  email: text('email'),
  lower: text('lower'),
  touched: integer('touched').notNull().default(0),
});

/** Rows of `people` at the start of each test. */
export const PEOPLE = 1_000;

export const touch = { touched: sql`touched + 1` };
export const byId = { key: people.id, throttle: false } as const;
/** The size is fixed: on a busy machine batches are slow, and would shrink. */
export const inTens = { ...byId, batchSize: { min: 10, max: 10 } };

/** A database of the test file's own, with a new table `people` for each test. */
export function usePeople(): TestDatabase {
  const database = useDatabase();
  beforeEach(async () => {
    // The ids have gaps, and a JavaScript number can't tell them apart.
    await database.sql.unsafe(`
      create table people (id bigint primary key, team integer not null, email text, lower text,
        touched integer not null default 0);
      insert into people (id, team, email) select 9007199254740993 + i * i, i % 7, 'P' || i
        from generate_series(1, ${PEOPLE}) i`);
  });
  afterEach(async () => {
    await database.sql.unsafe(`drop table if exists people; truncate long_running_migrations.walks, long_running_migrations.steps,
      long_running_migrations.skipped_rows,
      long_running_migrations.finished_ranges, long_running_migrations.attempts, long_running_migrations.migrations`);
  });
  return database;
}

/** How many rows have been updated how often, by the number of updates. */
export async function touches({ sql: client }: TestDatabase): Promise<Record<string, number>> {
  const rows = await client<{ touched: number; rows: number }[]>`
    select touched, count(*)::int as rows from people group by 1`;
  return Object.fromEntries(rows.map(({ touched, rows }) => [touched, rows]));
}
