import { expect, test } from '@jest/globals';
import { asc, eq } from 'drizzle-orm';
import { all, nothing, useAllTypes, values } from './allTypes';

const file = useAllTypes();

test('updateRows writes every type as Drizzle itself does, and NULL into each', async () => {
  expect(
    await file.update([
      { id: 1n, ...values },
      { id: 2n, ...nothing },
    ]),
  ).toBe(2);
  await file.attempt.db.update(all).set(values).where(eq(all.id, 3n));
  const [byUs, empty, byDrizzle] = await file.attempt.db.select().from(all).orderBy(asc(all.id));
  expect(byUs).toEqual({ ...byDrizzle, id: 1n });
  expect(byUs).toMatchObject({ ...values, interval: expect.any(String), inet: '10.0.0.0/8' });
  expect(empty).toEqual({ id: 2n, ...nothing });
});

test('updateRows changes only the given rows and columns', async () => {
  await file.database.sql`update all_types set text = 'before', integer = 7`;
  expect(
    await file.update([
      { id: 2n, text: 'two' },
      { id: 4n, text: 'four' },
      { id: 99n, text: '' },
    ]),
  ).toBe(2);
  const rows = await file.database.sql`select id, text, integer from all_types order by id`;
  expect(rows.map(({ text }) => text)).toEqual(['before', 'two', 'before', 'four', 'before']);
  expect(rows.every(({ integer }) => integer === 7)).toBe(true);
});

test('updateRows does nothing without rows', async () => {
  expect(await file.update([])).toBe(0);
});

test('updateRows does not cut a text that is too long', async () => {
  await expect(file.update([{ id: 1n, short: 'longer than five' }])).rejects.toMatchObject({
    cause: { code: '22001' },
  });
});
