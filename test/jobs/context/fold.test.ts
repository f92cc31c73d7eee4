import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import type { BatchBody } from '../../../jobs/context/index';
import { useDatabase } from '../../support/database';
import { startProxy } from '../../support/proxy';
import { waitFor } from '../../support/waitFor';
import { beginAttempt, withAttempt } from './attempts';

const database = useDatabase();
const ROWS = 1_000;
/** Milliseconds. Longer than the time between two folds. */
const LATE = 1_500;

const ledger = pgTable('ledger', {
  id: integer('id').primaryKey(),
  touched: integer('touched').notNull(),
});
const options = { key: ledger.id, lanes: 2, throttle: false, batchSize: { max: 4 } } as const;
/** Until the late mark is stored: the walk must still run then. */
let slowly = true;
const touch: BatchBody = async (tx, batch) => {
  await tx.update(ledger).set({ touched: sql`touched + 1` }).where(batch);
  if (slowly) await tx.execute(sql`select pg_sleep(0.03)`);
};

test('a fold whose packets are late does not put the low-water mark back', async () => {
  await database.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null);
    insert into ledger select i, 0 from generate_series(1, ${ROWS}) i`);
  const url = new URL(database.databaseUrl);
  const proxy = await startProxy(url.host);
  const late = proxy.delayOnce('"low_water_mark" = ', LATE);
  const slow = await beginAttempt({
    databaseUrl: Object.assign(new URL(url), { host: proxy.address }).href,
    sql: database.sql,
  });
  const walking = slow.job.inBatches(ledger, options, touch);
  const walk = walking.catch(() => {});

  // If the walk had ended before, the test would show nothing.
  await Promise.race([late, walking]);
  await waitFor('its mark to be stored', async () => {
    const [row] = await database.sql`select low_water_mark from long_running_migrations.walks`;
    return row?.['low_water_mark'];
  });
  slowly = false;
  // The next attempt, as after a crash, knows only what is stored.
  await withAttempt(database, ({ job }) => job.inBatches(ledger, options, touch));

  await walk;
  await slow.end();
  proxy.close();
  const counts = await database.sql`select touched, count(*)::int as rows from ledger group by 1`;
  expect(counts).toEqual([{ touched: 1, rows: ROWS }]);
});
