import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { bigint, customType, pgTable, text, timestamp, varchar } from 'drizzle-orm/pg-core';
import { useAllTypes } from './allTypes';

const file = useAllTypes();

test('updateRows reads each Drizzle table by its own definition', async () => {
  const secret = customType<{ data: string }>({
    dataType: () => 'text',
    toDriver: (value) => `encrypted ${value}`,
  });
  const id = () => bigint('id', { mode: 'bigint' }).primaryKey();
  const plain = pgTable('all_types', { id: id(), text: text('text') });
  const secretly = pgTable('all_types', { id: id(), hidden: secret('text') });
  await file.attempt.db.transaction(async (tx) => {
    await file.attempt.job.updateRows(tx, plain, plain.id, [{ id: 1n, text: 'x' }]);
    await file.attempt.job.updateRows(tx, secretly, secretly.id, [{ id: 2n, hidden: 'x' }]);
    await file.attempt.job.updateRows(tx, sql`all_types`, sql`id`, [{ id: 3n, camel_cased: 'x' }]);
  });
  const rows = await file.database.sql`select text from all_types where id <= 2 order by id`;
  expect(rows.map((row) => row['text'])).toEqual(['x', 'encrypted x']);
});

test('updateRows sets columns with $onUpdate, unless they are given', async () => {
  const touching = pgTable('all_types', {
    id: bigint('id', { mode: 'bigint' }).primaryKey(),
    text: text('text'),
    short: varchar('short', { length: 5 }).$onUpdate(() => 'soon'),
    plain: timestamp('plain').$onUpdate(() => sql`'2026-01-02'`),
  });
  await file.attempt.db.transaction(async (tx) => {
    await file.attempt.job.updateRows(tx, touching, touching.id, [{ id: 1n, text: 'x' }]);
    await file.attempt.job.updateRows(tx, touching, touching.id, [{ id: 2n, short: 'now' }]);
  });
  const rows = await file.database.sql`
    select short, plain::date::text as day from all_types where id <= 2 order by id`;
  expect(rows).toEqual([
    { short: 'soon', day: '2026-01-02' },
    { short: 'now', day: '2026-01-02' },
  ]);
});

test('updateRows takes nested arrays and arrays of JSON by plain names, in a table of any name', async () => {
  await file.database.sql.unsafe(`
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
    await file.attempt.db.transaction((tx) =>
      file.attempt.job.updateRows(tx, sql`v`, sql`id`, [written]),
    );
    const [row] = await file.database.sql`
      select n = '{{1,2},{3,null}}' as n, to_jsonb(j) as j from v`;
    expect(row).toEqual({ n: true, j: ['a "b"', { c: [1] }, null] });
    const missing = file.attempt.db.transaction((tx) =>
      file.attempt.job.updateRows(tx, sql`v`, sql`id`, [{ id: 1, constructor: 'x' }, { id: 2 }]),
    );
    await expect(missing).rejects.toThrow('row 2 holds other properties');
  } finally {
    await file.database.sql`drop table v`;
  }
});

test('updateRows takes plain names and composite keys', async () => {
  await file.database.sql`update all_types set integer = id, big = id * 10`;
  const count = await file.attempt.db.transaction((tx) =>
    file.attempt.job.updateRows(
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
  // Postgres compares the array: postgres.js reads a NULL in an array as the text 'NULL'.
  expect(
    await file.database.sql`
      select id, jsonb, texts is not distinct from array['x', null] as texts
      from all_types where camel_cased = 'c'`,
  ).toEqual([{ id: '2', jsonb: [1, { a: null }], texts: true }]);
});
