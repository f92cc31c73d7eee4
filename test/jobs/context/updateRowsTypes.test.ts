import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type SQL, sql } from 'drizzle-orm';
import { useDatabase } from '../../support/database';
import { beginAttempt, type TestAttempt } from './attempts';

const database = useDatabase();
let attempt: TestAttempt;
beforeAll(async () => {
  attempt = await beginAttempt(database);
  await database.sql.unsafe(`
    create schema far;
    create type far.mood as enum ('calm', 'it''s "odd"', '');
    create domain far.positive as integer check (value > 0);
    create domain far.numbers as integer[];
    create domain far.code as text collate "C";
    create type far."Pair" as (n integer, "t" text, list integer[]);
    create domain far.pair as far."Pair"`);
});
afterAll(() => attempt.end());

/** Values of types that are read in another way than they are written, as Postgres's own text. */
const types: Readonly<Record<string, readonly string[]>> = {
  'char(4)': ['a', 'a   ', 'NULL', ''],
  character: ['x', '"'],
  '"char"': ['c', ''],
  name: ['a"b\\c'],
  'varchar(6)': ['a,b', '{}', '"', '\\', ' a '],
  'numeric(8, 2)': ['1.005', '-0.001', 'NaN', '1e3'],
  numeric: ['1.0', '1.00', '-Infinity'],
  real: ['0.1', 'NaN', '-0'],
  'timestamp(0)': ['2026-01-02 03:04:05.6', 'infinity', '0044-03-15 00:00:00 BC'],
  'timestamp(3) with time zone': ['2026-01-02 03:04:05.6789+05:30'],
  'time with time zone': ['03:04:05.6+02'],
  'interval(0)': ['1 mon -2 days 3.7 s'],
  'bit(3)': ['101'],
  'bit varying': ['10110', ''],
  bytea: ['\\x005c22', ''],
  money: ['12.34'],
  xml: ['<a b="c">,{}</a>'],
  jsonb: ['{"a": "\\"\\\\,{}"}', '"NULL"', '[1, [2]]'],
  int4range: ['[1,5)', 'empty'],
  int4multirange: ['{[1,3), [5,7)}'],
  tsvector: ["'a':1A 'b,c':2"],
  int2vector: ['1 2 3'],
  point: ['(1,-2)'],
  polygon: ['((0,0),(1,1),(1,0))'],
  // Its arrays separate their elements by a semicolon.
  box: ['(1,1),(0,0)'],
  'box[]': ['{(1,1),(0,0);(3,3),(2,2)}'],
  regclass: ['pg_class'],
  'integer[]': ['{1,NULL,3}', '{{1,2},{3,4}}', '[5:6]={1,2}', '{}'],
  'text[]': ['{"a,b","NULL",NULL,"","\\"","\\\\"}'],
  'far.mood': ['calm', 'it\'s "odd"', ''],
  'far.mood[]': ['{calm,"it\'s \\"odd\\"",""}'],
  'far.positive': ['7'],
  'far.numbers': ['{1,2}', '{{1,2},{3,4}}', '{}'],
  'far.code': ['a', 'NULL'],
  'far."Pair"': ['(1,"a, ""b"" \\\\",)', '(,,"{1,2}")', '(,"",)'],
  'far."Pair"[]': ['{"(1,a,)","(2,\\"x,y\\",\\"{3,4}\\")"}'],
  'far.pair': ['(1,"(,)","{NULL}")'],
};

/** Makes a table of another name each time: an attempt remembers the columns of a name. */
let tables = 0;
async function create(columns: string, rows: number): Promise<SQL> {
  const name = `typed${tables++}`;
  await database.sql.unsafe(`create table ${name} (id bigint primary key, ${columns});
    insert into ${name} select generate_series(1, ${rows})`);
  return sql.raw(name);
}

const write = (table: SQL, rows: readonly Record<string, unknown>[]) =>
  attempt.db.transaction((tx) => attempt.job.updateRows(tx, table, sql`id`, rows));

test.each(Object.entries(types))(
  'updateRows writes %s as Postgres reads it',
  async (type, texts) => {
    const table = await create(`written ${type}, read ${type}`, texts.length + 1);
    for (const [index, text] of texts.entries()) {
      const literal = sql.raw(`'${text.replaceAll("'", "''")}'`);
      await attempt.db.execute(sql`update ${table} set read = ${literal} where id = ${index + 1}`);
    }
    // A plain name of a JSON column takes values, not JSON.
    const values = texts.map((text) => (type === 'jsonb' ? JSON.parse(text) : text));
    const rows = [...values, null].map((written, index) => ({ id: `${index + 1}`, written }));
    expect(await write(table, rows)).toBe(rows.length);
    expect(
      await attempt.db.execute(sql`
      select id, written::text, read::text from ${table}
      where written::text is distinct from read::text`),
    ).toEqual([]);
    const [row] = await attempt.db.execute(sql`select count(written)::int from ${table}`);
    expect(row).toEqual({ count: texts.length });
  },
);

test('updateRows writes numbers and truth values into columns of other types', async () => {
  const table = await create('d double precision, n numeric, t text, b boolean', 4);
  await write(table, [
    { id: 1, d: Number.NaN, n: Number.POSITIVE_INFINITY, t: true, b: true },
    { id: 2n, d: -0, n: 1e21, t: 9_007_199_254_740_993n, b: 'no' },
    { id: '3', d: Number.NEGATIVE_INFINITY, n: 1e-7, t: null, b: 1 },
    { id: 4, d: 0.1, n: 3, t: 'a,b', b: false },
  ]);
  expect(
    await attempt.db.execute(sql`
      select id::int, d::text, n::text, t, b from ${table} order by id`),
  ).toEqual([
    { id: 1, d: 'NaN', n: 'Infinity', t: 'true', b: true },
    { id: 2, d: '0', n: '1000000000000000000000', t: '9007199254740993', b: false },
    { id: 3, d: '-Infinity', n: '0.0000001', t: null, b: true },
    { id: 4, d: '0.1', n: '3', t: 'a,b', b: false },
  ]);
});

test('updateRows never takes a text apart, and fails for a text that is no number', async () => {
  const table = await create('n integer', 3);
  for (const n of ['1,2', '1","2', 'NULL', '', '{1}']) {
    const writing = write(table, [
      { id: 1, n },
      { id: 2, n: 3 },
    ]);
    await expect(writing).rejects.toMatchObject({ cause: { code: '22P02' } });
  }
  const [row] = await attempt.db.execute(sql`select count(n)::int from ${table}`);
  expect(row).toEqual({ count: 0 });
});

test("updateRows fails by a domain's own rule", async () => {
  const table = await create('n far.positive', 1);
  await expect(write(table, [{ id: 1, n: 0 }])).rejects.toMatchObject({ cause: { code: '23514' } });
});
