import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
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
import { type TestDatabase, useDatabase } from '../../support/database';
import { beginAttempt, type TestAttempt } from './attempts';

const mood = pgEnum('mood', ['calm', 'it\'s "odd"']);
const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

export const all = pgTable('all_types', {
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

export type New = typeof all.$inferInsert;

/** A value of every type that is hard to write. */
export const values: Omit<New, 'id'> = {
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

/** NULL in every column but the key. */
export const nothing = Object.fromEntries(Object.keys(values).map((name) => [name, null]));

export interface AllTypes {
  readonly database: TestDatabase;
  /** One attempt for all tests of the file. */
  readonly attempt: TestAttempt;
  /** Calls updateRows in a transaction of its own. */
  update(rows: readonly Partial<New>[]): Promise<number>;
}

/** A database of the test file's own. Each test finds five empty rows in `all_types`. */
export function useAllTypes(): AllTypes {
  const database = useDatabase();
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
  return {
    database,
    get attempt() {
      return attempt;
    },
    update: (rows) => attempt.db.transaction((tx) => attempt.job.updateRows(tx, all, all.id, rows)),
  };
}
