import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../support/database';
import { type TestAttempt, withAttempt } from './attempts';

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

test('forEach keeps what it did before an error', async () => {
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
  expect(seen).toEqual(ids);
});

test('forEach that is lost without a word goes on from its last checkpoint: at least once', async () => {
  const seen: number[] = [];
  const lost = withAttempt(database, ({ id, job }) =>
    job.forEach(letters, inTens, async (row) => {
      seen.push(row.id);
      if (seen.length === 37) {
        // As a killed worker: nothing of it can write any more.
        await database.sql`update long_running_migrations set current_attempt = null
          where current_attempt = ${String(id)}`;
        throw new Error('killed');
      }
    }),
  );
  await expect(lost).rejects.toThrow('killed');
  await withAttempt(database, ({ job }) =>
    job.forEach(letters, inTens, async ({ id }) => {
      seen.push(id);
    }),
  );
  expect(seen).toEqual([...ids.slice(0, 37), ...ids.slice(30)]);
});

test('forEach keeps its place by the text of the key, whatever the sessions write dates like', async () => {
  await database.sql.unsafe(`
    create table days (day date primary key);
    insert into days select date '2026-01-01' + i from generate_series(1, 40) i`);
  await setForDatabase(`"DateStyle" = 'SQL, DMY'`);
  try {
    const seen: string[] = [];
    const options = { key: sql`day`, columns: { day: sql<string>`day - date '2026-01-01'` } };
    const broken = withAttempt(database, ({ job }) =>
      job.forEach(sql`days`, options, async ({ day }) => {
        if (seen.length === 17) throw new Error('service down');
        seen.push(day);
      }),
    );
    await expect(broken).rejects.toThrow('service down');
    await withAttempt(database, ({ job }) =>
      job.forEach(sql`days`, options, async ({ day }) => {
        seen.push(day);
      }),
    );
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  } finally {
    await setForDatabase('"DateStyle" to default');
    await database.sql`drop table days`;
  }
});

/** For sessions that begin from now on. */
async function setForDatabase(setting: string): Promise<void> {
  const [row] = await database.sql`select quote_ident(current_database()) as name`;
  await database.sql.unsafe(`alter database ${row?.['name']} set ${setting}`);
}

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
  expect(cursors).toEqual([undefined, 25]);
  const pages = Array.from({ length: 50 }, (_, i) => i + 1);
  expect(seen).toEqual(pages);
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

test('forEach asked to stop does not wait for an item that never comes', async () => {
  const reason = new Error('time is up');
  const seen: number[] = [];
  const source = async function* (cursor: number | undefined) {
    for await (const page of pagesBehind(cursor)) {
      if (cursor === undefined && page.page === 4) await new Promise(() => {});
      yield page;
    }
  };
  const pass = ({ job, stop }: TestAttempt) =>
    job.forEach(source, byPage, async ({ page }) => {
      seen.push(page);
      if (page === 3) setImmediate(() => stop(reason));
    });
  await expect(withAttempt(database, pass)).rejects.toBe(reason);
  await withAttempt(database, pass);
  expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
});

test.each(['2024', '1e3', 'true', 'null', '{"a":1}', '9007199254740993', ''])(
  'forEach hands back the cursor %j as it was',
  async (value) => {
    const cursors: unknown[] = [];
    const source = (cursor: string | undefined) => {
      cursors.push(cursor);
      return [value, 'broken'];
    };
    const options = { cursor: (item: string) => item, checkpointEvery: 1 };
    const pass = ({ job }: TestAttempt) =>
      job.forEach(source, options, async (item) => {
        if (item === 'broken') throw new Error('service down');
      });
    await expect(withAttempt(database, pass)).rejects.toThrow('service down');
    await expect(withAttempt(database, pass)).rejects.toThrow('service down');
    expect(cursors).toEqual([undefined, value]);
  },
);

test.each([
  ['a promise', async () => 1],
  ['nothing', () => undefined],
])('forEach refuses %s for a cursor', async (_, cursor) => {
  const refused = withAttempt(database, ({ job }) =>
    job.forEach(pagesBehind, { cursor: cursor as () => never }, async () => {}),
  );
  await expect(refused).rejects.toMatchObject({ name: 'Refused' });
});

test('a walk inside of forEach needs a name of its own; inside of a batch none can begin', async () => {
  const inner: string[] = [];
  await withAttempt(database, async ({ job }) => {
    const unnamed = job.forEach(letters, { key: letters.id, name: 'unnamed' }, () =>
      job.forEach(pagesBehind, byPage, async () => {}),
    );
    await expect(unnamed).rejects.toThrow("needs a 'name'");
    const inBatch = job.inBatches(letters, { key: letters.id, name: 'batches' }, () =>
      job.forEach(pagesBehind, { ...byPage, name: 'inner' }, async () => {}),
    );
    await expect(inBatch).rejects.toThrow('inside of a batch');
    const few = { key: letters.id, where: sql`${letters.id} <= 6`, name: 'named' };
    await job.forEach(letters, few, ({ id }) =>
      job.forEach(pagesBehind, { ...byPage, name: `pages of ${id}` }, async ({ page }) => {
        inner.push(`${id}: ${page}`);
      }),
    );
  });
  expect(inner).toHaveLength(100);
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
