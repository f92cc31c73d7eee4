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
