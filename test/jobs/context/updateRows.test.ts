import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { asc, eq, getTableColumns, sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  customType,
  date,
  doublePrecision,
  inet,
  integer,
  interval,
  json,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  point,
  smallint,
  text,
  time,
  timestamp,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { useDatabase } from '../../support/database';
import { beginAttempt, type TestAttempt } from './attempts';

const database = useDatabase();

const mood = pgEnum('mood', ['calm', 'it\'s "odd"']);
const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

const all = pgTable('all_types', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  text: text('text'),
  short: varchar('short', { length: 5 }),
  small: smallint('small'),
  integer: integer('integer'),
  big: bigint('big', { mode: 'number' }),
  numeric: numeric('numeric', { precision: 30, scale: 10 }),
  double: doublePrecision('double'),
  boolean: boolean('boolean'),
  uuid: uuid('uuid'),
  date: date('date'),
  time: time('time'),
  timestamptz: timestamp('timestamptz', { withTimezone: true }),
  micros: timestamp('micros', { withTimezone: true, mode: 'string' }),
  plain: timestamp('plain'),
  interval: interval('interval'),
  json: json('json'),
  jsonb: jsonb('jsonb'),
  mood: mood('mood'),
  moods: mood('moods').array(),
  texts: text('texts').array(),
  numbers: integer('numbers').array(),
  nested: integer('nested').array().array(),
  bytes: bytea('bytes'),
  inet: inet('inet'),
  point: point('point'),
  camelCased: text('camel_cased'),
});

type New = typeof all.$inferInsert;

const values: Omit<New, 'id'> = {
  text: 'a "quoted\\" {comma, }, NULL\n\t\u{1F600}',
  short: 'NULL',
  small: -32_768,
  integer: 2_147_483_647,
  big: Number.MAX_SAFE_INTEGER,
  numeric: '12345678901234567890.0123456789',
  double: 0.1 + 0.2,
  boolean: false,
  uuid: '0b6e1e0a-8d3c-4f5e-9f6a-1c2d3e4f5a6b',
  date: '2026-02-28',
  time: '23:59:59.123456',
  timestamptz: new Date('2026-11-22T12:34:56.789Z'),
  micros: '2026-11-22 12:34:56.123456+00',
  plain: new Date('1999-12-31T23:59:59.999Z'),
  interval: '1 year 2 mons 3 days 04:05:06.000007',
  json: { nested: ['{', '"', null] },
  jsonb: { a: 'b "c" \\ d', n: 1.5, deep: [{}] },
  mood: 'it\'s "odd"',
  moods: ['calm', 'it\'s "odd"'],
  texts: ['', 'NULL', 'a,b', '"', '\\', '{}'],
  numbers: [1, -2, 3],
  nested: [
    [1, 2],
    [3, 4],
  ],
  bytes: Buffer.from([0, 1, 92, 255]),
  inet: '10.0.0.0/8',
  point: [1.5, -2],
  camelCased: '',
};
const nothing = Object.fromEntries(Object.keys(values).map((name) => [name, null]));

let attempt: TestAttempt;

beforeAll(async () => {
  attempt = await beginAttempt(database);
  await database.sql.unsafe(`
    create type mood as enum ('calm', 'it''s "odd"');
    create table all_types (id bigint primary key, text text, short varchar(5), small smallint,
      integer integer, big bigint, numeric numeric(30, 10), double double precision,
      boolean boolean, uuid uuid, date date, time time, timestamptz timestamptz,
      micros timestamptz, plain timestamp, interval interval, json json, jsonb jsonb, mood mood,
      moods mood[], texts text[], numbers integer[], nested integer[], bytes bytea, inet inet,
      point point, camel_cased text)`);
});

beforeEach(() => database.sql`insert into all_types (id) select generate_series(1, 5)`);
afterEach(() => database.sql`truncate all_types`);
afterAll(() => attempt.end());

const update = (rows: readonly Partial<New>[]) =>
  attempt.db.transaction((tx) => attempt.job.updateRows(tx, all, all.id, rows));

test('updateRows writes every type as Drizzle itself does, and NULL into each', async () => {
  expect(
    await update([
      { id: 1n, ...values },
      { id: 2n, ...nothing },
    ]),
  ).toBe(2);
  await attempt.db.update(all).set(values).where(eq(all.id, 3n));
  const [byUs, empty, byDrizzle] = await attempt.db.select().from(all).orderBy(asc(all.id));
  expect(byUs).toEqual({ ...byDrizzle, id: 1n });
  expect(byUs).toMatchObject({ ...values, interval: expect.any(String), inet: '10.0.0.0/8' });
  expect(empty).toEqual({ id: 2n, ...nothing });
});

test('updateRows changes the rows and columns given, and no others', async () => {
  await database.sql`update all_types set text = 'before', integer = 7`;
  expect(
    await update([
      { id: 2n, text: 'two' },
      { id: 4n, text: 'four' },
      { id: 99n, text: '' },
    ]),
  ).toBe(2);
  const rows = await database.sql`select id, text, integer from all_types order by id`;
  expect(rows.map(({ text }) => text)).toEqual(['before', 'two', 'before', 'four', 'before']);
  expect(rows.every(({ integer }) => integer === 7)).toBe(true);
});

test('updateRows does nothing for no rows', async () => {
  expect(await update([])).toBe(0);
});

test('updateRows does not cut a text that is too long', async () => {
  await expect(update([{ id: 1n, short: 'longer than five' }])).rejects.toMatchObject({
    cause: { code: '22001' },
  });
});

test('updateRows refuses two rows of one key, also when they differ as text only', async () => {
  await expect(
    update([
      { id: 1n, text: 'a' },
      { id: 1n, text: 'b' },
    ]),
  ).rejects.toThrow('two rows have the same id');
  await database.sql`update all_types set numeric = id`;
  const byNumeric = attempt.db.transaction((tx) =>
    attempt.job.updateRows(tx, all, all.numeric, [
      { numeric: '1.0', text: 'a' },
      { numeric: '1.00', text: 'b' },
    ]),
  );
  await expect(byNumeric).rejects.toThrow('two rows have the same numeric');
});

test('updateRows refuses two rows of one key that is not unique, or equal by its collation only', async () => {
  await database.sql.unsafe(`
    create collation if not exists case_blind
      (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table countries (id integer primary key, code text collate case_blind, name text);
    insert into countries values (1, 'de'), (2, 'de'), (3, 'fr')`);
  const write = (...rows: { code: string; name: string }[]) =>
    attempt.db.transaction((tx) => attempt.job.updateRows(tx, sql`countries`, sql`code`, rows));
  try {
    await expect(write({ code: 'de', name: 'one' }, { code: 'de', name: 'two' })).rejects.toThrow(
      'two rows have the same code',
    );
    await expect(write({ code: 'fr', name: 'one' }, { code: 'FR', name: 'two' })).rejects.toThrow(
      'two rows have the same code',
    );
    expect(await write({ code: 'DE', name: 'Germany' })).toBe(2);
  } finally {
    await database.sql`drop table countries`;
  }
});

test('updateRows reads each Drizzle table by its own definition', async () => {
  const secret = customType<{ data: string }>({
    dataType: () => 'text',
    toDriver: (value) => `encrypted ${value}`,
  });
  const id = () => bigint('id', { mode: 'bigint' }).primaryKey();
  const plain = pgTable('all_types', { id: id(), text: text('text') });
  const secretly = pgTable('all_types', { id: id(), hidden: secret('text') });
  await attempt.db.transaction(async (tx) => {
    await attempt.job.updateRows(tx, plain, plain.id, [{ id: 1n, text: 'x' }]);
    await attempt.job.updateRows(tx, secretly, secretly.id, [{ id: 2n, hidden: 'x' }]);
    await attempt.job.updateRows(tx, sql`all_types`, sql`id`, [{ id: 3n, camel_cased: 'x' }]);
  });
  const rows = await database.sql`select text from all_types where id <= 2 order by id`;
  expect(rows.map((row) => row['text'])).toEqual(['x', 'encrypted x']);
});

test('updateRows sets what sets itself at an update, unless it is given', async () => {
  const touching = pgTable('all_types', {
    id: bigint('id', { mode: 'bigint' }).primaryKey(),
    text: text('text'),
    short: varchar('short', { length: 5 }).$onUpdate(() => 'soon'),
    plain: timestamp('plain').$onUpdate(() => sql`'2026-01-02'`),
  });
  await attempt.db.transaction(async (tx) => {
    await attempt.job.updateRows(tx, touching, touching.id, [{ id: 1n, text: 'x' }]);
    await attempt.job.updateRows(tx, touching, touching.id, [{ id: 2n, short: 'now' }]);
  });
  const rows = await database.sql`
    select short, plain::date::text as day from all_types where id <= 2 order by id`;
  expect(rows).toEqual([
    { short: 'soon', day: '2026-01-02' },
    { short: 'now', day: '2026-01-02' },
  ]);
});

test('updateRows takes nested arrays and arrays of JSON by plain names, in a table of any name', async () => {
  await database.sql.unsafe(`
    create table lrm_v (id integer primary key, n integer[], j jsonb[], constructor text);
    alter table lrm_v rename to v; insert into v values (1)`);
  const written = {
    id: 1,
    n: [
      [1, 2],
      [3, null],
    ],
    j: ['a "b"', { c: [1] }, null],
  };
  try {
    await attempt.db.transaction((tx) => attempt.job.updateRows(tx, sql`v`, sql`id`, [written]));
    const [row] = await database.sql`
      select n = '{{1,2},{3,null}}' as n, to_jsonb(j) as j from v`;
    expect(row).toEqual({ n: true, j: ['a "b"', { c: [1] }, null] });
    const missing = attempt.db.transaction((tx) =>
      attempt.job.updateRows(tx, sql`v`, sql`id`, [{ id: 1, constructor: 'x' }, { id: 2 }]),
    );
    await expect(missing).rejects.toThrow('row 2 holds other properties');
  } finally {
    await database.sql`drop table v`;
  }
});

test('batch.rows reads as select() does: mapped expressions, aliases, long and odd names', async () => {
  await update([{ id: 1n, ...values }]);
  const columns = {
    ...getTableColumns(all),
    mapped: sql`${all.id}::bigint`.mapWith(BigInt),
    aliased: sql<string>`upper(${all.text})`.as('in_capitals'),
    asColumn: sql`${all.timestamptz}`.mapWith(all.timestamptz),
    [`long ${'n'.repeat(80)}`]: all.short,
    '': all.big,
  };
  const expected = await attempt.db.select(columns).from(all).orderBy(asc(all.id));
  const read: unknown[] = [];
  await attempt.job.inBatches(all, { key: all.id, throttle: false }, async (_, batch) => {
    read.push(...(await batch.rows(columns)));
  });
  expect(read).toEqual(expected);
  expect(read[0]).toMatchObject({ mapped: 1n, aliased: values.text?.toUpperCase() });
});

test('updateRows refuses rows that differ in their properties, or are no rows of the table', async () => {
  await expect(
    update([
      { id: 1n, text: 'a' },
      { id: 2n, integer: 1 },
    ]),
  ).rejects.toThrow('row 2 holds other properties than the first (id, text)');
  await expect(update([{ id: 1n, text: 'a' }, { id: 2n }])).rejects.toThrow('row 2');
  await expect(update([{ id: 1n }])).rejects.toThrow('nothing but the key');
  await expect(update([{ text: 'a' }])).rejects.toThrow('lack their id');
  await expect(update([{ id: 1n, txet: 'a' } as never])).rejects.toThrow('has no column txet');
  await expect(update([{ id: 1n, text: sql`now()` as never }])).rejects.toThrow('not SQL');
  await expect(update([{ id: 1n, jsonb: sql`'{}'` }])).rejects.toThrow('not SQL');
});

test('updateRows takes plain names and composite keys', async () => {
  await database.sql`update all_types set integer = id, big = id * 10`;
  const count = await attempt.db.transaction((tx) =>
    attempt.job.updateRows(
      tx,
      sql`public.all_types`,
      [sql`integer`, sql`big`],
      [
        { integer: 2, big: '20', jsonb: [1, { a: null }], texts: ['x', null], camel_cased: 'c' },
        { integer: 3, big: '99', jsonb: {}, texts: [], camel_cased: 'no such row' },
      ],
    ),
  );
  expect(count).toBe(1);
  // Compared by Postgres: postgres.js reads a NULL in an array as the text 'NULL'.
  expect(
    await database.sql`
      select id, jsonb, texts is not distinct from array['x', null] as texts
      from all_types where camel_cased = 'c'`,
  ).toEqual([{ id: '2', jsonb: [1, { a: null }], texts: true }]);
});

test('updateRows in a batch updates its rows, and those outside of it too', async () => {
  await attempt.job.inBatches(
    all,
    { key: all.id, throttle: false, batchSize: { max: 2 } },
    async (tx, batch) => {
      const rows = await batch.rows({ id: all.id });
      const inside = rows.map(({ id }) => ({ id, text: `row ${id}` }));
      expect(await attempt.job.updateRows(tx, all, all.id, inside)).toBe(rows.length);
      const next = (rows.at(-1)?.id ?? 0n) + 1n;
      const both = [...rows, { id: next }].map(({ id }) => ({ id, integer: Number(id) }));
      expect(await attempt.job.updateRows(tx, all, all.id, both)).toBe(
        next > 5n ? both.length - 1 : both.length,
      );
    },
  );
  const rows = await database.sql`select id, text, integer from all_types order by id`;
  expect(rows).toEqual(
    [1, 2, 3, 4, 5].map((id) => ({ id: `${id}`, text: `row ${id}`, integer: id })),
  );
});
