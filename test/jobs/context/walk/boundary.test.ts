import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type SQL, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { connect, type Sql } from '../../../../drizzle/connect';
import type { Database } from '../../../../jobs/context/attempt';
import { alongIndex, boundaries, nextRanges } from '../../../../jobs/context/walk/boundary';
import type { Key } from '../../../../jobs/context/walk/key';
import { KEYS_PER_LOOKUP } from '../../../../jobs/context/walk/lookUp';
import { describeLocked } from '../../../../jobs/context/walk/tableState';
import { useDatabase } from '../../../support/database';

const database = useDatabase({ empty: true });
const ROWS = 120_000;

let pool: Sql;
let db: Database;

beforeAll(async () => {
  pool = connect(database.databaseUrl, { applicationName: 'test' });
  db = drizzle(pool);
  // The rows are in no physical order and were never analysed. The planner could prefer a sort.
  await database.sql.unsafe(`
    create table things (id bigint primary key, name text not null unique, a integer, b integer,
      padding text default repeat('x', 200), unique (a, b));
    alter table things alter a set not null, alter b set not null;
    insert into things (id, name, a, b)
      select i, md5(i::text), i / 10, i % 10 from generate_series(1, ${ROWS}) i order by md5(i::text || 'x')`);
});

afterAll(() => pool.end({ timeout: 1 }));

const whole = (key: Key) =>
  ({
    after: null,
    upto: key.columns.map(({ type }) => (type === 'text' ? '~' : '999999')),
  }) as const;

async function plan(key: Key, where: SQL | undefined, after: string[]): Promise<string> {
  const rows = await alongIndex(db, key, (tx) =>
    tx.execute(sql`explain ${boundaries(key, where, { ...whole(key), after }, limits(400))}`),
  );
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

const limits = (size: number, ranges = 50) => ({ size, ranges, keys: KEYS_PER_LOOKUP });

test.each([
  ['bigint', [sql`id`], ['5'], 'things_pkey'],
  ['text', [sql`name`], ['5'], 'things_name_key'],
  ['composite', [sql`a`, sql`b`], ['5', '5'], 'things_a_b_key'],
])('boundary of a %s key follows its index and sorts nothing', async (_, columns, after, index) => {
  for (const descending of [false, true]) {
    const key = await describeLocked(db, { table: sql`things`, columns, descending });
    for (const where of [undefined, sql`padding is null`]) {
      const text = await plan(key, where, after);
      expect(text).toMatch(new RegExp(`Index (Only )?Scan (Backward )?using ${index}`));
      expect(text).toMatch(/Index Cond: .*[<>]/);
      expect(text).not.toMatch(/Sort|Seq Scan|Bitmap/);
    }
  }
});

test('nextRanges counts the rows that match, and all rows that it reads', async () => {
  const key = await describeLocked(db, {
    table: sql`things`,
    columns: [sql`id`],
    descending: false,
  });
  const [range] = await nextRanges(db, key, sql`b = 0`, whole(key), limits(100, 1));
  expect(range).toEqual({ after: null, upto: ['1000'], rows: 1_000, matching: 100 });
});

test('nextRanges reads a limited number of keys where hardly any row matches', async () => {
  const key = await describeLocked(db, {
    table: sql`things`,
    columns: [sql`id`],
    descending: false,
  });
  const [range] = await nextRanges(db, key, sql`id = ${ROWS}`, whole(key), limits(100));
  expect(range).toMatchObject({ upto: [`${KEYS_PER_LOOKUP}`], rows: KEYS_PER_LOOKUP, matching: 0 });
});

test.each([undefined, sql`b <> 3`])(
  'nextRanges gives ranges that adjoin and have equal sizes',
  async (where) => {
    const key = await describeLocked(db, {
      table: sql`things`,
      columns: [sql`id`],
      descending: false,
    });
    const ranges = await nextRanges(db, key, where, whole(key), limits(90, 7));
    const rows = where ? 100 : 90;
    const ends = Array.from({ length: 7 }, (_, index) => `${rows * (index + 1)}`);
    expect(ranges).toEqual(
      ends.map((upto, index) => ({
        after: index === 0 ? null : [ends[index - 1]],
        upto: [upto],
        rows,
        matching: 90,
      })),
    );
  },
);

test('nextRanges ends at the end of the gap', async () => {
  const key = await describeLocked(db, {
    table: sql`things`,
    columns: [sql`id`],
    descending: false,
  });
  const gap = { after: ['119990'], upto: ['500000'] };
  const rest = { ...gap, rows: 10, matching: 10 };
  expect(await nextRanges(db, key, undefined, gap, limits(100))).toEqual([rest]);
  expect(await nextRanges(db, key, sql`b = 1`, gap, limits(100))).toEqual([
    { ...rest, matching: 1 },
  ]);
  const beyond = { ...gap, after: ['120000'] };
  expect(await nextRanges(db, key, undefined, beyond, limits(100))).toEqual([
    { ...beyond, rows: 0, matching: 0 },
  ]);
});
