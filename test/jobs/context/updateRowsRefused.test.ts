import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { all, useAllTypes } from './allTypes';

const file = useAllTypes();

test('updateRows refuses two rows with equal keys, even if the keys have different texts', async () => {
  await expect(
    file.update([
      { id: 1n, text: 'a' },
      { id: 1n, text: 'b' },
    ]),
  ).rejects.toThrow('two rows have the same id');
  await file.database.sql`update all_types set numeric = id`;
  const byNumeric = file.attempt.db.transaction((tx) =>
    file.attempt.job.updateRows(tx, all, all.numeric, [
      { numeric: '1.0', text: 'a' },
      { numeric: '1.00', text: 'b' },
    ]),
  );
  await expect(byNumeric).rejects.toThrow('two rows have the same numeric');
});

test('updateRows refuses two rows with equal keys of a column that is not unique or ignores case', async () => {
  await file.database.sql.unsafe(`
    create collation if not exists case_blind
      (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table countries (id integer primary key, code text collate case_blind, name text);
    insert into countries values (1, 'de'), (2, 'de'), (3, 'fr')`);
  const write = (...rows: { code: string; name: string }[]) =>
    file.attempt.db.transaction((tx) =>
      file.attempt.job.updateRows(tx, sql`countries`, sql`code`, rows),
    );
  try {
    await expect(write({ code: 'de', name: 'one' }, { code: 'de', name: 'two' })).rejects.toThrow(
      'two rows have the same code',
    );
    await expect(write({ code: 'fr', name: 'one' }, { code: 'FR', name: 'two' })).rejects.toThrow(
      'two rows have the same code',
    );
    expect(await write({ code: 'DE', name: 'Germany' })).toBe(2);
  } finally {
    await file.database.sql`drop table countries`;
  }
});

test('updateRows takes rows whose properties stand in another order, or are undefined', async () => {
  await file.update([
    { id: 1n, text: 'a', integer: 1 },
    { integer: 2, big: undefined, text: 'b', id: 2n },
  ]);
  const rows = await file.database
    .sql`select text, integer from all_types where id < 3 order by id`;
  expect(rows).toEqual([
    { text: 'a', integer: 1 },
    { text: 'b', integer: 2 },
  ]);
});

test('updateRows refuses rows that inherit a value', async () => {
  const first = { id: 1n, text: 'a' };
  const second = Object.assign(Object.create({ text: 'inherited' }), { id: 2n });
  await expect(file.update([first, second])).rejects.toThrow('row 2 holds other properties');
});

test('updateRows refuses rows with different properties, or with properties that are not columns', async () => {
  await expect(
    file.update([
      { id: 1n, text: 'a' },
      { id: 2n, integer: 1 },
    ]),
  ).rejects.toThrow('row 2 holds other properties than the first (id, text)');
  await expect(file.update([{ id: 1n, text: 'a' }, { id: 2n }])).rejects.toThrow('row 2');
  await expect(file.update([{ id: 1n }])).rejects.toThrow('nothing but the key');
  await expect(file.update([{ text: 'a' }])).rejects.toThrow('lack their id');
  await expect(file.update([{ id: 1n, txet: 'a' } as never])).rejects.toThrow('has no column txet');
  await expect(file.update([{ id: 1n, text: sql`now()` as never }])).rejects.toThrow('not SQL');
  await expect(file.update([{ id: 1n, jsonb: sql`'{}'` }])).rejects.toThrow('not SQL');
});
