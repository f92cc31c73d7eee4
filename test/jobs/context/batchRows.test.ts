import { expect, test } from '@jest/globals';
import { asc, getTableColumns, sql } from 'drizzle-orm';
import { all, useAllTypes, values } from './allTypes';

const file = useAllTypes();

test('batch.rows reads as select() does: mapped expressions, aliases, long and odd names', async () => {
  await file.update([{ id: 1n, ...values }]);
  const columns = {
    ...getTableColumns(all),
    mapped: sql`${all.id}::bigint`.mapWith(BigInt),
    aliased: sql<string>`upper(${all.text})`.as('in_capitals'),
    asColumn: sql`${all.timestamptz}`.mapWith(all.timestamptz),
    [`long ${'n'.repeat(80)}`]: all.short,
    '': all.big,
  };
  const expected = await file.attempt.db.select(columns).from(all).orderBy(asc(all.id));
  const read: unknown[] = [];
  await file.attempt.job.inBatches(all, { key: all.id, throttle: false }, async (_, batch) => {
    read.push(...(await batch.rows(columns)));
  });
  expect(read).toEqual(expected);
  expect(read[0]).toMatchObject({ mapped: 1n, aliased: values.text?.toUpperCase() });
});

test('updateRows in a batch updates rows of the batch and other rows', async () => {
  await file.attempt.job.inBatches(
    all,
    { key: all.id, throttle: false, batchSize: { max: 2 } },
    async (tx, batch) => {
      const rows = await batch.rows({ id: all.id });
      const inside = rows.map(({ id }) => ({ id, text: `row ${id}` }));
      expect(await file.attempt.job.updateRows(tx, all, all.id, inside)).toBe(rows.length);
      const next = (rows.at(-1)?.id ?? 0n) + 1n;
      const both = [...rows, { id: next }].map(({ id }) => ({ id, integer: Number(id) }));
      expect(await file.attempt.job.updateRows(tx, all, all.id, both)).toBe(
        next > 5n ? both.length - 1 : both.length,
      );
    },
  );
  const rows = await file.database.sql`select id, text, integer from all_types order by id`;
  expect(rows).toEqual(
    [1, 2, 3, 4, 5].map((id) => ({ id: `${id}`, text: `row ${id}`, integer: id })),
  );
});

test('batch.rows gives plain objects in an array, in the order of the key, whatever their names', async () => {
  await file.update([{ id: 1n, texts: ['x', 'y'] }]);
  const read: unknown[][] = [];
  const columns = { id: sql<string>`(5 - ${all.id})::text`, t: all.texts, big: all.big };
  await file.attempt.job.inBatches(all, { key: all.id, throttle: false }, async (_, batch) => {
    read.push(await batch.rows(columns), await batch.rows({ ...columns, 1: all.text }));
  });
  const [simple = [], renamed] = read;
  expect(simple).toEqual([4, 3, 2, 1, 0].map((id) => expect.objectContaining({ id: `${id}` })));
  expect(simple[0]).toEqual({ id: '4', t: ['x', 'y'], big: null });
  expect(renamed).toEqual((simple as object[]).map((row) => ({ 1: null, ...row })));
  expect(Object.getPrototypeOf(simple)).toBe(Array.prototype);
  expect(structuredClone(simple)).toEqual(simple);
});
