import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { useDatabase } from '../../support/database';
import { withAttempt } from './attempts';

// The operators of these types are not on the search_path. There, a plain `>` is that of another
// type, or there is none.
const database = useDatabase();
const ROWS = 300;

beforeAll(async () => {
  await database.sql.unsafe(`
    create schema extensions;
    create extension citext schema extensions;
    create extension hstore schema extensions`);
});

afterEach(() =>
  database.sql.unsafe(`drop table words;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges`),
);

const tables: Record<string, { columns: string; key: string[]; values: string }> = {
  // In the collation "C" all capitals come first. In the order of citext, 'B' is between 'a' and
  // 'c'.
  'citext, in the order "C"': {
    columns: 'word extensions.citext collate "C" primary key',
    key: ['word'],
    values: `case when i % 2 = 0 then chr(97 + i % 26) || i else chr(65 + i % 26) || i end`,
  },
  'hstore, whose operators have other names': {
    columns: 'word extensions.hstore primary key',
    key: ['word'],
    values: `extensions.hstore('k' || i % 7, i::text)`,
  },
  'citext and bigint': {
    columns:
      'word extensions.citext collate "C" not null, number bigint not null default 7, primary key (word, number)',
    key: ['word', 'number'],
    values: `case when i % 2 = 0 then chr(97 + i % 26) || i else chr(65 + i % 26) || i end`,
  },
  'bigint and hstore': {
    columns:
      'number bigint not null default 7, word extensions.hstore not null, primary key (number, word)',
    key: ['number', 'word'],
    values: `extensions.hstore('k' || i % 7, i::text)`,
  },
};

test.each(
  Object.entries(tables).flatMap(([what, table]) =>
    [false, true].map((descending) => ({ what, ...table, descending })),
  ),
)('inBatches skips nothing along $what (descending: $descending)', async (table) => {
  await database.sql.unsafe(`
    create table words (${table.columns}, touched integer not null default 0);
    insert into words (word) select ${table.values} from generate_series(1, ${ROWS}) i`);
  const { descending } = table;
  const key = table.key.map((column) => sql`${sql.identifier(column)}`);
  let batches = 0;
  await withAttempt(database, ({ job }) =>
    job.inBatches(
      sql`words`,
      { key, descending, lanes: 2, throttle: false, batchSize: { min: 20, max: 20 } },
      async (tx, batch) => {
        batches += 1;
        const rows = await batch.rows({ word: sql<string>`word::text` });
        expect(rows.length).toBeLessThanOrEqual(20);
        await tx.execute(sql`update words set touched = touched + 1 where ${batch}`);
      },
    ),
  );
  expect(batches).toBe(ROWS / 20);
  const counts = await database.sql`select touched, count(*)::int as rows from words group by 1`;
  expect(counts).toEqual([{ touched: 1, rows: ROWS }]);
});
