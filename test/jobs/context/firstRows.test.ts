import { afterEach, expect, test } from '@jest/globals';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { withAttempt } from './attempts';

const database = useDatabase();

const documents = pgTable('documents', {
  id: integer('id').primaryKey(),
  content: text('content'),
});
const ROWS = 200;

afterEach(async () => {
  await database.sql.unsafe(`drop table documents; truncate long_running_migrations.walks,
    long_running_migrations.finished_ranges, long_running_migrations.steps,
    long_running_migrations.skipped_rows, long_running_migrations.attempts,
    long_running_migrations.migrations`);
});

/** Makes rows of this many bytes, and waits until the server has counted them. */
async function makeDocuments(bytes: number, table = 'table documents'): Promise<void> {
  await database.sql.unsafe(`
    create ${table};
    alter table documents alter column content set storage external;
    insert into documents select i, repeat('x', ${bytes}) from generate_series(1, ${ROWS}) i`);
  await waitFor('the server to count the rows', async () => {
    const [counted] = await database.sql<{ rows: number }[]>`
      select sum(pg_stat_get_live_tuples(oid))::int as rows from pg_class
      where relname in ('documents', 'one', 'other')`;
    return counted?.rows === ROWS;
  });
}

const PLAIN = 'table documents (id integer primary key, content text)';
const PARTITIONED = `table documents (id integer primary key, content text) partition by hash (id);
  create table one partition of documents for values with (modulus 2, remainder 0);
  create table other partition of documents for values with (modulus 2, remainder 1)`;

/** Runs an attempt with one walk. Returns the number of rows of each batch. */
async function batches(name: string, fails = false): Promise<number[]> {
  const sizes: number[] = [];
  const walk = withAttempt(database, ({ job }) =>
    job.inBatches(documents, { key: documents.id, name, throttle: false }, async (_tx, batch) => {
      const rows = await batch.rows({ id: documents.id }, { lock: false });
      sizes.push(rows.length);
      if (fails) throw new Error('out of memory');
    }),
  );
  if (fails) await expect(walk).rejects.toThrow();
  else await walk;
  return sizes;
}

/** What the heartbeats of the attempt's worker would write. */
const beat = (attempt: number, rowsDone: number) =>
  database.sql`update long_running_migrations.attempts set rows_done = ${rowsDone} where number = ${attempt}`;

test.each([
  [10, PLAIN, 100],
  [10, PARTITIONED, 100],
  [50_000, PLAIN, 20],
  [50_000, PARTITIONED, 20],
  [600_000, PLAIN, 1],
])('of rows of %d bytes in %s, the first batch has about %d', async (bytes, table, rows) => {
  await makeDocuments(bytes, table);
  const [first] = await batches('walk');
  expect(first).toBeLessThanOrEqual(rows);
  expect(first).toBeGreaterThanOrEqual(Math.floor(rows * 0.8));
});

test('the first batch has ten rows after an attempt that finished none', async () => {
  await makeDocuments(10, PLAIN);
  expect(await batches('walk', true)).toEqual([100]);
  expect((await batches('walk'))[0]).toBe(10);
});

test('the first batch has ten rows after an attempt that finished none of this walk', async () => {
  await makeDocuments(10, PLAIN);
  expect((await batches('one'))[0]).toBe(100);
  await beat(1, ROWS);
  expect(await batches('other', true)).toEqual([100]);
  await beat(2, 1);
  expect((await batches('other'))[0]).toBe(10);
  await beat(3, ROWS);
  expect((await batches('a third one'))[0]).toBe(100);
});
