import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../support/database';
import { withAttempt } from './attempts';

const database = useDatabase();

const parcels = pgTable('parcels', {
  id: integer('id').primaryKey(),
  touched: integer('touched').notNull(),
});
const ROWS = 20_000;

beforeEach(async () => {
  await database.sql.unsafe(`
    create table parcels (id integer primary key, touched integer not null);
    insert into parcels select i, 0 from generate_series(1, ${ROWS}) i`);
});

afterEach(async () => {
  await database.sql.unsafe(
    'drop table parcels; truncate long_running_migrations.walks, long_running_migrations.finished_ranges',
  );
});

test('a walk whose batches have a fixed cost above the target keeps large batches, and says so', async () => {
  let batches = 0;
  const options = { key: parcels.id, throttle: false, targetBatchTime: '50 ms' } as const;
  const reports = await withAttempt(database, async ({ job, reports }) => {
    await job.inBatches(parcels, options, async (tx, batch) => {
      batches += 1;
      await tx.execute(sql`select pg_sleep(0.1)`);
      await tx.update(parcels).set({ touched: sql`touched + 1` }).where(batch);
    });
    return reports;
  });
  // By the target alone, each batch would have one row.
  expect(batches).toBeLessThan(100);
  const details = reports.at(-2)?.details;
  expect(details?.['fixedMs']).toBeGreaterThanOrEqual(75);
  expect(await database.sql`select distinct touched from parcels`).toEqual([{ touched: 1 }]);
});
