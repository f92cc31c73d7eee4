import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { type TestAttempt, withAttempt } from './attempts';

const database = useDatabase();
const ROWS = 30;
const letters = pgTable('letters', { id: integer('id').primaryKey() });

// The condition of the walk reads `guard`. While the application locks `guard`, a look-up waits.
beforeEach(() =>
  database.sql.unsafe(`
    create table guard (id integer);
    create sequence look_ups;
    create function allowed() returns boolean language plpgsql as $$ begin
      perform nextval('look_ups');
      perform from guard;
      return true;
    end $$;
    create table letters (id integer primary key);
    insert into letters select generate_series(1, ${ROWS})`),
);

afterEach(() =>
  database.sql.unsafe(`
    drop table letters, guard;
    drop function allowed;
    drop sequence look_ups;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges`),
);

const options = { key: letters.id, where: sql`allowed()`, throttle: false } as const;

const walks: Record<string, (attempt: TestAttempt, seen: number[]) => Promise<void>> = {
  forEach: ({ job }, seen) =>
    job.forEach(letters, options, async ({ id }) => {
      seen.push(id);
    }),
  inBatches: ({ job }, seen) =>
    job.inBatches(letters, options, async (_tx, batch) => {
      seen.push(...(await batch.rows({ id: letters.id })).map(({ id }) => id));
    }),
};

test.each(
  Object.keys(walks).flatMap((method) =>
    ['lock_timeout', 'statement_timeout'].map((setting) => ({ method, setting })),
  ),
)('$method retries a look-up that ends by $setting', async ({ method, setting }) => {
  const name = new URL(database.databaseUrl).pathname.slice(1);
  await database.sql.unsafe(`alter database "${name}" set ${setting} = '500ms'`);
  const seen: number[] = [];
  try {
    let walking: Promise<void> = Promise.resolve();
    await database.sql.begin(async (tx) => {
      await tx`lock table guard`;
      walking = withAttempt(database, async (attempt) => walks[method]?.(attempt, seen));
      const twoTimedOut = waitFor('two look-ups to time out', async () => {
        // Each blocked look-up has called allowed() once.
        const [row] = await tx`select last_value from look_ups`;
        return Number(row?.['last_value']) >= 3;
      });
      await Promise.race([twoTimedOut, walking]);
    });
    await walking;
  } finally {
    await database.sql.unsafe(`alter database "${name}" reset ${setting}`);
  }
  expect(seen).toEqual(Array.from({ length: ROWS }, (_, i) => i + 1));
});
