import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../support/database';
import { withAttempt } from './attempts';

const database = useDatabase();

const letters = pgTable('letters', {
  id: integer('id').primaryKey(),
  body: text('body').notNull(),
});

beforeEach(async () => {
  await database.sql.unsafe(`
    create table letters (id integer primary key, body text not null);
    insert into letters select i * 3, 'letter ' || i from generate_series(1, 100) i`);
});

afterEach(async () => {
  await database.sql.unsafe(
    'drop table letters; truncate long_running_migration_walks, long_running_migration_ranges',
  );
});

const ids = Array.from({ length: 100 }, (_, i) => (i + 1) * 3);
const inTens = { key: letters.id, checkpointEvery: 10 };

test('forEach calls for each row of a table in the order of the key', async () => {
  const seen: { id: number; body: string }[] = [];
  await withAttempt(database, async ({ job, reports }) => {
    await job.forEach(letters, { key: letters.id }, async (row) => {
      seen.push(row);
    });
    expect(reports.at(-1)).toMatchObject({ done: 100, total: 100 });
  });
  expect(seen.map(({ id }) => id)).toEqual(ids);
  expect(seen[0]).toEqual({ id: 3, body: 'letter 1' });
});

test('forEach reads only the columns asked for, of rows that match', async () => {
  const seen: unknown[] = [];
  await withAttempt(database, ({ job }) =>
    job.forEach(
      letters,
      {
        ...inTens,
        columns: { body: letters.body },
        where: sql`${letters.id} > 294`,
        descending: true,
      },
      async (row) => {
        seen.push(row);
      },
    ),
  );
  expect(seen).toEqual([{ body: 'letter 100' }, { body: 'letter 99' }]);
});

test('forEach goes on from the last checkpoint: at least once, at most a page twice', async () => {
  const seen: number[] = [];
  const broken = withAttempt(database, ({ job }) =>
    job.forEach(letters, inTens, async ({ id }) => {
      if (seen.length === 37) throw new Error('service down');
      seen.push(id);
    }),
  );
  await expect(broken).rejects.toThrow('service down');
  await withAttempt(database, ({ job }) =>
    job.forEach(letters, inTens, async ({ id }) => {
      seen.push(id);
    }),
  );
  expect(seen).toEqual([...ids.slice(0, 37), ...ids.slice(30)]);
});

test('forEach over plain names needs to know what to read', async () => {
  const seen: unknown[] = [];
  await withAttempt(database, async ({ job }) => {
    await expect(job.forEach(sql`letters`, { key: sql`id` }, async () => {})).rejects.toThrow(
      'needs `columns`',
    );
    const columns = { id: sql<number>`id` };
    await job.forEach(sql`letters`, { key: sql`id`, columns, name: 'plain' }, async (row) => {
      seen.push(row.id);
    });
  });
  expect(seen).toEqual(ids);
});

/** A service with pages, as authors meet them. */
async function* pagesBehind(cursor: number | undefined) {
  for (let page = (cursor ?? 0) + 1; page <= 50; page++) yield { page, content: `page ${page}` };
}

/** The same, as an array. */
function listedBehind(cursor: number | undefined) {
  return Array.from({ length: 50 }, (_, i) => ({ page: i + 1 })).slice(cursor);
}

const byPage = { cursor: ({ page }: { page: number }) => page, checkpointEvery: 10, total: 50 };

test("forEach goes over an author's own iteration, and on from its stored cursor", async () => {
  const seen: number[] = [];
  const cursors: (number | undefined)[] = [];
  const source = (cursor: number | undefined) => {
    cursors.push(cursor);
    return pagesBehind(cursor);
  };
  const broken = withAttempt(database, ({ job }) =>
    job.forEach(source, byPage, async ({ page }) => {
      if (seen.length === 25) throw new Error('service down');
      seen.push(page);
    }),
  );
  await expect(broken).rejects.toThrow('service down');
  for (let i = 0; i < 2; i++) {
    await withAttempt(database, async ({ job, reports }) => {
      await job.forEach(source, byPage, async ({ page }) => {
        seen.push(page);
      });
      expect(reports.at(-1)).toMatchObject({ done: 50, total: 50 });
    });
  }
  expect(cursors).toEqual([undefined, 20]);
  const pages = Array.from({ length: 50 }, (_, i) => i + 1);
  expect(seen).toEqual([...pages.slice(0, 25), ...pages.slice(20)]);
});

test('forEach asked to stop stores where it is, and repeats nothing', async () => {
  const reason = new Error('time is up');
  const seen: number[] = [];
  const stopped = withAttempt(database, ({ job, stop }) =>
    job.forEach(pagesBehind, byPage, async ({ page }) => {
      seen.push(page);
      if (page === 13) stop(reason);
    }),
  );
  await expect(stopped).rejects.toBe(reason);
  await withAttempt(database, ({ job }) =>
    job.forEach(listedBehind, byPage, async ({ page }) => {
      seen.push(page);
    }),
  );
  expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
});

test('forEach keeps nothing once it has been superseded', async () => {
  const old = withAttempt(database, ({ job }) =>
    job.forEach(letters, inTens, async () => {
      await withAttempt(database, async () => {});
    }),
  );
  await expect(old).rejects.toMatchObject({ name: 'Superseded' });
  expect(await database.sql`select 1 from long_running_migration_ranges`).toHaveLength(0);
});
