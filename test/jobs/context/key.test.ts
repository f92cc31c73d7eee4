import { afterEach, expect, test } from '@jest/globals';
import { desc, sql } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import type { BatchOptions } from '../../../jobs/context/index';
import { useDatabase } from '../../support/database';
import { withAttempt } from './attempts';

const database = useDatabase();

const items = pgTable('items', { id: integer('id'), code: text('code') });
const others = pgTable('others', { id: integer('id').primaryKey() });

afterEach(async () => {
  await database.sql.unsafe(`drop table if exists items cascade; drop view if exists seen;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges`);
});

/** Runs `ddl`, walks over the table, and returns 'walked' or the error. */
async function walk(
  ddl: string,
  options: Omit<BatchOptions, 'throttle'>,
  table: Parameters<typeof sql>[1] = items,
): Promise<string> {
  await database.sql.unsafe(ddl);
  let calls = 0;
  const walked = withAttempt(database, ({ job }) =>
    job.inBatches(table as typeof items, options, async () => {
      calls += 1;
    }),
  );
  const message = await walked.then(
    () => 'walked',
    (error) => `${error.name}: ${error.message}`,
  );
  const stored = await database.sql`select 1 from long_running_migrations.walks`;
  if (message !== 'walked')
    expect({ calls, stored: stored.length }).toEqual({ calls: 0, stored: 0 });
  await database.sql`truncate long_running_migrations.walks, long_running_migrations.finished_ranges`;
  return message;
}

test.each([
  ['a table without an index', '', 'has no unique index on exactly (id)'],
  ['an index that is not unique', 'create index i on items (id)', 'i is not unique'],
  ['a partial unique index', 'create unique index i on items (id) where id > 0', 'i is partial'],
  [
    'a deferrable unique constraint',
    'alter table items add constraint i unique (id) deferrable',
    'i is deferrable',
  ],
  ['a unique index on more columns', 'create unique index i on items (id, code)', 'exactly (id)'],
  ['a unique index on an expression', 'create unique index i on items (abs(id))', 'exactly (id)'],
  [
    'an invalid unique index',
    "create unique index i on items (id); update pg_index set indisvalid = false where indexrelid = 'i'::regclass",
    'i is not valid',
  ],
])('inBatches refuses %s', async (_, index, why) => {
  const ddl = `create table items (id integer not null, code text not null); ${index}`;
  const message = await walk(ddl, { key: items.id });
  expect(message).toMatch(/^JobUsageError: public\.items /);
  expect(message).toContain(why);
});

test('inBatches refuses a key that may be NULL', async () => {
  expect(
    await walk('create table items (id integer unique, code text)', { key: items.id }),
  ).toMatch(/JobUsageError: public\.items\.id may be NULL/);
});

test('inBatches refuses an index whose order is not that of the column', async () => {
  const ddl = 'create table items (id integer not null, code text not null);';
  const other = `${ddl} create unique index i on items (code text_pattern_ops)`;
  expect(await walk(other, { key: items.code })).toContain("not in its type's usual order");
  await database.sql`drop table items`;
  const collated = `${ddl} create unique index i on items (code collate "C")`;
  expect(await walk(collated, { key: items.code })).toContain('another collation');
  await database.sql`drop table items`;
  const mixed = `${ddl} create unique index i on items (id, code desc)`;
  expect(await walk(mixed, { key: [items.id, items.code] })).toContain('mixes directions');
});

test('inBatches refuses a key that is not a plain column of the table', async () => {
  const ddl = 'create table items (id integer primary key, code text)';
  expect(await walk(ddl, { key: others.id })).toContain('id is not a column of "items"');
  const again = 'select 1';
  expect(await walk(again, { key: sql`lower(code)` })).toContain('is not a column name');
  expect(await walk(again, { key: desc(items.id) })).toContain('is not a column name');
  expect(await walk(again, { key: sql`${items.id} + ${1}` })).toContain('must be a name');
  expect(await walk(again, { key: sql`nothing` })).toContain('has no column nothing');
  expect(await walk(again, { key: [] })).toContain('one column at least');
});

test('inBatches refuses a view, a missing table, and a table with inheriting tables', async () => {
  expect(await walk('select 1', { key: sql`id` }, sql`nowhere`)).toContain('no table nowhere');
  const ddl = 'create table items (id integer primary key); create view seen as table items';
  expect(await walk(ddl, { key: sql`id` }, sql`seen`)).toContain('public.seen is not a table');
  const heir = 'create table heir () inherits (items)';
  expect(await walk(heir, { key: items.id })).toContain('has tables inheriting from it');
});

test('inBatches refuses options with values that are not allowed', async () => {
  const ddl = 'create table items (id integer primary key)';
  const refused = (options: Partial<BatchOptions>) =>
    walk('select 1', { key: items.id, ...options });
  await database.sql.unsafe(ddl);
  expect(await refused({ lanes: 0 })).toContain('lanes is 0');
  expect(await refused({ lanes: 99 })).toContain('lanes is 99');
  expect(await refused({ targetBatchTime: 'soon' })).toContain('targetBatchTime is not a duration');
  expect(await refused({ batchSize: { min: 5, max: 2 } })).toContain('batchSize is 5 to 2');
  expect(await refused({ throttle: { dutyCycle: 2 } })).toContain('throttle.dutyCycle is 2');
  expect(await refused({ throttle: { replicaLag: 'x' } })).toContain('throttle.replicaLag');
});

test.each([
  ['a primary key', 'create table items (id integer primary key, code text)'],
  [
    'an index with more columns included',
    'create table items (id integer not null, code text); create unique index i on items (id) include (code)',
  ],
  [
    'a descending index',
    'create table items (id integer not null); create unique index i on items (id desc)',
  ],
  [
    'an index on more columns than a unique one has',
    `create table items (id integer, code text not null default 'x', primary key (id));
      create index i on items (code, id)`,
    [items.code, items.id],
  ],
  [
    'an index that begins with more columns than a unique one has',
    `create table items (id integer not null, code text not null default 'x', n integer);
      create unique index u on items (id); create index i on items (code desc, id desc, n)`,
    [items.code, items.id],
  ],
  [
    'the columns of a unique index in another order',
    `create table items (id integer, code text default 'x', primary key (id, code));
      create index i on items (code, id)`,
    [items.code, items.id],
  ],
  [
    'a partitioned table',
    `create table items (id integer primary key) partition by range (id);
      create table p1 partition of items for values from (0) to (50);
      create table p2 partition of items for values from (50) to (1000)`,
  ],
])('inBatches walks along %s', async (_, ddl, key: BatchOptions['key'] = items.id) => {
  expect(await walk(`${ddl}; insert into items (id) select generate_series(1, 100)`, { key })).toBe(
    'walked',
  );
});

test.each([
  ['no unique index', 'create index i on items (code, id)', 'i is not unique'],
  [
    'a partial unique index',
    'create index i on items (code, id); create unique index u on items (id) where id > 0',
    'has no unique index on exactly (code, id)',
  ],
  [
    'a deferrable unique index',
    'create index i on items (code, id); alter table items add constraint u unique (id) deferrable',
    'has no unique index on exactly (code, id)',
  ],
  [
    'a unique index with another collation',
    'create index i on items (code, id); create unique index u on items (code collate "C")',
    'has no unique index on exactly (code, id)',
  ],
  [
    'no index to follow',
    'create unique index u on items (id)',
    'has no index that begins with (code, id)',
  ],
  [
    'a partial index to follow',
    'create unique index u on items (id); create index i on items (code, id) where id > 0',
    'begins with (code, id); i is partial',
  ],
  [
    'an index to follow that mixes directions',
    'create unique index u on items (id); create index i on items (code, id desc)',
    'begins with (code, id); i mixes directions',
  ],
])('inBatches refuses a key of which a part should be unique, with %s', async (_, index, why) => {
  const ddl = `create table items (id integer not null, code text not null); ${index}`;
  expect(await walk(ddl, { key: [items.code, items.id] })).toContain(why);
});

test('a walk ends when the index is dropped that keeps a part of its key unique', async () => {
  await database.sql.unsafe(`
    create table items (id integer not null, code text not null);
    create unique index u on items (id); create index i on items (code, id);
    insert into items select i, i % 3 from generate_series(1, 100) i`);
  let batches = 0;
  const walked = withAttempt(database, ({ job }) =>
    job.inBatches(
      items,
      { key: [items.code, items.id], throttle: false, batchSize: { max: 10 } },
      async (tx) => {
        batches += 1;
        if (batches === 3) await tx.execute(sql`drop index u`);
      },
    ),
  );
  await expect(walked).rejects.toThrow('has no unique index on exactly (code, id)');
  expect(batches).toBe(3);
});

test('inBatches refuses stored ranges that overlap, or reach past the end', async () => {
  await database.sql.unsafe(
    'create table items (id integer primary key); insert into items select generate_series(1, 100)',
  );
  const pass = () =>
    withAttempt(database, ({ job }) =>
      job.inBatches(items, { key: items.id, throttle: false }, async () => {
        throw new Error('begun');
      }),
    );
  await expect(pass()).rejects.toThrow('begun');
  for (const ranges of [
    "('{10}', '{30}'), ('{20}', '{40}')",
    "('{90}', '{101}')",
    "(null, '{30}'), (null, '{40}')",
  ]) {
    await database.sql.unsafe(`
      truncate long_running_migrations.finished_ranges;
      insert into long_running_migrations.finished_ranges (walk, after, upto, rows)
        select walks.id, r.after::text[], r.upto::text[], 1
        from long_running_migrations.walks, (values ${ranges}) r (after, upto)`);
    await expect(pass()).rejects.toThrow(/stored ranges of walk '1' .* overlap or reach past/);
  }
});

test('inBatches refuses to continue with another key, direction or condition', async () => {
  await database.sql.unsafe(
    'create table items (id integer primary key, code text not null unique); insert into items select i, i::text from generate_series(1, 500) i',
  );
  const begin = (options: Partial<BatchOptions>) =>
    withAttempt(database, ({ job }) =>
      job.inBatches(items, { key: items.id, throttle: false, ...options }, async () => {
        throw new Error('begun');
      }),
    );
  await expect(begin({ where: sql`id > 3` })).rejects.toThrow('begun');
  await expect(begin({ where: sql`id > 3` })).rejects.toThrow('begun');
  for (const [options, what] of [
    [{ where: sql`id > ${4}` }, 'where'],
    [{}, 'where'],
    [{ where: sql`id > 3`, descending: true }, 'direction'],
    [{ where: sql`id > 3`, key: items.code }, 'key'],
  ] as const) {
    await expect(begin(options)).rejects.toMatchObject({
      name: 'JobUsageError',
      message: expect.stringContaining(`has changed since it began: ${what}`),
    });
  }
});

test('inBatches refuses a second walk of the same name', async () => {
  await database.sql.unsafe('create table items (id integer primary key)');
  const twice = withAttempt(database, async ({ job }) => {
    for (let i = 0; i < 2; i++) {
      await job.inBatches(items, { key: items.id, name: 'same' }, async () => {});
    }
  });
  await expect(twice).rejects.toThrow("two walks of this job have the name 'same'");
});
