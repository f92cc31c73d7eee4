import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../support/database';
import { withAttempt } from './attempts';

const database = useDatabase();

const letters = pgTable('letters', { id: integer('id').primaryKey() });
const pages = () => Array.from({ length: 50 }, (_, i) => i + 1);
const byPage = { cursor: (page: number) => page };

test('a walk inside of forEach needs its own name, and no walk can begin inside of a batch', async () => {
  await database.sql.unsafe(`create table letters (id integer primary key);
    insert into letters select i * 3 from generate_series(1, 100) i`);
  const inner: string[] = [];
  await withAttempt(database, async ({ job }) => {
    const unnamed = job.forEach(letters, { key: letters.id, name: 'unnamed' }, () =>
      job.forEach(pages, byPage, async () => {}),
    );
    await expect(unnamed).rejects.toThrow("needs a 'name'");
    const inBatch = job.inBatches(letters, { key: letters.id, name: 'batches' }, () =>
      job.forEach(pages, { ...byPage, name: 'inner' }, async () => {}),
    );
    await expect(inBatch).rejects.toThrow('inside of a batch');
    const few = { key: letters.id, where: sql`${letters.id} <= 6`, name: 'named' };
    await job.forEach(letters, few, ({ id }) =>
      job.forEach(pages, { ...byPage, name: `pages of ${id}` }, async (page) => {
        inner.push(`${id}: ${page}`);
      }),
    );
  });
  expect(inner).toHaveLength(100);
});
