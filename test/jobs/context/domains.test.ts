import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { useDatabase } from '../../support/database';
import { withAttempt } from './attempts';

const database = useDatabase();
const ROWS = 50;

afterEach(() =>
  database.sql.unsafe(`drop table items; drop domain if exists key; drop type if exists mood;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges`),
);

const walk = (key = ['key']) =>
  withAttempt(database, ({ job }) =>
    job.inBatches(
      sql`items`,
      {
        key: key.map((name) => sql`${sql.identifier(name)}`),
        throttle: false,
        batchSize: { min: 7, max: 7 },
      },
      async (tx, batch) => {
        await tx.execute(sql`update items set touched = touched + 1 where ${batch}`);
      },
    ),
  );

const touches = () => database.sql`select touched, count(*)::int as rows from items group by 1`;

test('inBatches walks along a domain that has another collation than its column', async () => {
  await database.sql.unsafe(`
    create domain key as text collate "C";
    create table items (key key collate "en-x-icu" primary key, touched integer not null default 0);
    insert into items select case when i % 2 = 0 then 'a' else 'B' end || i from generate_series(1, ${ROWS}) i`);
  await walk();
  expect(await touches()).toEqual([{ touched: 1, rows: ROWS }]);
});

test('inBatches walks along a domain over an enum, which has no operators of its own', async () => {
  await database.sql.unsafe(`
    create type mood as enum ('z', 'a', 'm'); create domain key as mood;
    create table items (key key, number integer, touched integer not null default 0, primary key (key, number));
    insert into items select case i % 3 when 0 then 'z' when 1 then 'a' else 'm' end::mood, i from generate_series(1, ${ROWS}) i`);
  await walk(['key', 'number']);
  expect(await touches()).toEqual([{ touched: 1, rows: ROWS }]);
});

test('inBatches walks along a domain whose new constraint its old rows do not meet', async () => {
  await database.sql.unsafe(`
    create domain key as integer;
    create table items (key key primary key, touched integer not null default 0);
    insert into items select i from generate_series(1, ${ROWS}) i;
    alter domain key add check (value > 1000) not valid`);
  // An UPDATE of other columns does not check the domain again.
  await walk();
  expect(await touches()).toEqual([{ touched: 1, rows: ROWS }]);
});

test('inBatches names the type of a key that has no order', async () => {
  await database.sql`create table items (place point not null, touched integer)`;
  await expect(walk(['place'])).rejects.toThrow(
    'public.items.place has the type point, which has no order: walk along another key',
  );
});

test('inBatches refuses a key whose text is the name of something that can be renamed', async () => {
  await database.sql`create table items (of regclass primary key, touched integer)`;
  await expect(walk(['of'])).rejects.toThrow(
    'public.items.of has the type regclass, whose values change their text when what they refer to ' +
      'is renamed: walk along another key',
  );
});
