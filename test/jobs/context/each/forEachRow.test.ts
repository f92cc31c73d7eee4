import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../../support/database';
import { withAttempt } from '../attempts';

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
    'drop table letters; truncate long_running_migrations.walks, long_running_migrations.finished_ranges',
  );
});

const ids = Array.from({ length: 100 }, (_, i) => (i + 1) * 3);
const inTens = { key: letters.id, checkpointEvery: 10 };

test('forEach visits each row of a table in the order of the key', async () => {
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

test('forEach reads only the given columns, of rows that match', async () => {
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

test('forEach repeats nothing that it did before an error', async () => {
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

test('forEach continues from its last checkpoint after a crash: at least once', async () => {
  const seen: number[] = [];
  const lost = withAttempt(database, ({ id, job }) =>
    job.forEach(letters, inTens, async (row) => {
      seen.push(row.id);
      if (seen.length === 37) {
        // As after the kill of a worker, the attempt can't write any more.
        await database.sql`update long_running_migrations.migrations set current_attempt = null
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

test('forEach finds its position again whatever DateStyle the sessions have', async () => {
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

test('forEach continues after any text in a key of several columns', async () => {
  const texts = [
    '',
    ' ',
    '"',
    '""',
    '\\',
    '\\"',
    '{',
    '}',
    ',',
    'NULL',
    'null',
    'a"b,c',
    '\n',
    '\u{1F600}',
  ];
  await database.sql`create table odd (a text collate "C", b text collate "C", primary key (a, b))`;
  await database.sql`
    insert into odd select a, b from unnest(${texts}::text[]) a, unnest(${texts.slice(0, 4)}::text[]) b`;
  const rows = await database.sql<{ a: string; b: string }[]>`select a, b from odd order by a, b`;
  const columns = { a: sql<string>`a`, b: sql<string>`b` };
  const seen: { a: string; b: string }[] = [];
  for (let attempts = 0; attempts < rows.length; attempts++) {
    const pass = withAttempt(database, ({ job }) =>
      job.forEach(sql`odd`, { key: [sql`a`, sql`b`], columns }, async (row) => {
        if (seen.length > attempts) throw new Error('one row for each attempt');
        seen.push(row);
      }),
    );
    await (attempts < rows.length - 1
      ? expect(pass).rejects.toThrow('one row for each attempt')
      : pass);
  }
  await database.sql`drop table odd`;
  expect(seen).toEqual([...rows]);
});

/** Changes a setting for sessions that are opened from now on. */
async function setForDatabase(setting: string): Promise<void> {
  const [row] = await database.sql`select quote_ident(current_database()) as name`;
  await database.sql.unsafe(`alter database ${row?.['name']} set ${setting}`);
}

test('forEach over a plain name needs the columns to read', async () => {
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

test('forEach stores nothing after it has been superseded', async () => {
  const old = withAttempt(database, ({ job }) =>
    job.forEach(letters, inTens, async () => {
      await withAttempt(database, async () => {});
    }),
  );
  await expect(old).rejects.toMatchObject({ name: 'Superseded' });
  expect(await database.sql`select 1 from long_running_migrations.finished_ranges`).toHaveLength(0);
});

test.each(['57014', '40P01'])('forEach reads again after SQLSTATE %s', async (code) => {
  await database.sql.unsafe(`
    create sequence reads;
    create function flaky() returns integer language plpgsql as $$ begin
      if nextval('reads') in (15, 30) then raise exception 'x' using errcode = '${code}'; end if;
      return 1;
    end $$`);
  const columns = { id: letters.id, one: sql<number>`flaky()` };
  const seen: number[] = [];
  try {
    await withAttempt(database, ({ job }) =>
      job.forEach(letters, { ...inTens, columns }, async ({ id }) => void seen.push(id)),
    );
  } finally {
    await database.sql`drop function flaky`;
    await database.sql`drop sequence reads`;
  }
  expect(seen).toEqual(ids);
});
