import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { useDatabase } from '../../support/database';
import { beginAttempt, withAttempt } from './attempts';

// The table of a walk is changed while the walk runs.
const database = useDatabase();
const ROWS = 400;

beforeEach(() =>
  database.sql.unsafe(`
    create table words (word text collate "C" primary key, number integer not null,
      touched integer not null default 0);
    insert into words select case when i % 2 = 0 then chr(97 + i % 26) || i else chr(65 + i % 26) || i end, i
      from generate_series(1, ${ROWS}) i`),
);

afterEach(() =>
  database.sql.unsafe(`
    drop schema if exists earlier cascade;
    drop table if exists words, old_words;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges`),
);

const options = {
  key: sql`word`,
  throttle: false,
  batchSize: { min: 20, max: 20 },
} as const;

/** Walks in one attempt. `change` runs once, between two batches. Returns the number of batches. */
async function walk(change?: () => Promise<unknown>): Promise<number> {
  let batches = 0;
  await withAttempt(database, async ({ job }) => {
    // Called before a batch, outside of its transaction.
    const check = async () => {
      if (batches === 5 && change) {
        const once = change;
        change = undefined;
        await once();
      }
      return undefined;
    };
    const throttle = { dutyCycle: 1, replicaLag: false, check } as const;
    await job.inBatches(sql`words`, { ...options, throttle }, async (tx, batch) => {
      await tx.execute(sql`update words set touched = touched + 1 where ${batch}`);
      batches += 1;
      // The throttler calls the check at most once per second.
      if (batches === 5) await new Promise((resolve) => setTimeout(resolve, 1_000));
    });
  });
  return batches;
}

async function touches(table = 'words') {
  const rows = await database.sql.unsafe(
    `select touched, count(*)::int as rows from ${table} group by 1 order by 1`,
  );
  return Object.fromEntries(rows.map(({ touched, rows }) => [touched, rows]));
}

test.each([
  [
    'the collation of the key',
    `alter table words alter word type text collate "en-x-icu"`,
    /words or its key has changed under the walk/,
  ],
  [
    'a table of the same name earlier on the search_path',
    `create table earlier.words as select * from public.words;
     alter table earlier.words add primary key (word)`,
    /words or its key has changed|now refers to another table/,
  ],
  [
    'the table itself, by one of the same name',
    `alter table words rename to old_words;
     create table words as select * from old_words;
     alter table words add primary key (word)`,
    /words or its key has changed under the walk/,
  ],
  [
    'the index that keeps the key unique',
    `alter table words drop constraint words_pkey`,
    /no unique index on exactly \(word\)/,
  ],
])('inBatches ends when the walk loses %s', async (_, change, message) => {
  const name = new URL(database.databaseUrl).pathname.slice(1);
  await database.sql.unsafe(`
    create schema earlier; alter database "${name}" set search_path = earlier, public`);
  await expect(walk(() => database.sql.unsafe(change))).rejects.toThrow(message);
  await database.sql.unsafe(`alter database "${name}" reset search_path`);
  // The batches before the change, and none after it.
  expect((await touches('public.words'))[1]).toBe(100);
});

test('a walk that began with another collation is refused', async () => {
  const attempt = await beginAttempt(database);
  const stop = new Error('enough');
  const begun = attempt.job.inBatches(sql`words`, options, async (tx, batch) => {
    await tx.execute(sql`update words set touched = touched + 1 where ${batch}`);
    attempt.stop(stop);
  });
  await expect(begun).rejects.toBe(stop);
  await attempt.end();
  await database.sql`alter table words alter word type text collate "en-x-icu"`;
  await expect(walk()).rejects.toThrow(/has changed since it began: types/);
});

test.each([
  ['one more column', 'alter table words add column more text'],
  ['another index on the key', 'create unique index another on words (word)'],
  [
    'a new index in place of the old one',
    `create unique index another on words (word);
     alter table words drop constraint words_pkey, add primary key using index another`,
  ],
  ['statistics', 'analyze words'],
  ['a trigger and a grant', 'grant select on words to public'],
])('inBatches goes on when the table gets %s', async (_, change) => {
  expect(await walk(() => database.sql.unsafe(change))).toBe(ROWS / 20);
  expect(await touches()).toEqual({ 1: ROWS });
});

test.each(['serializable', 'repeatable read'])(
  'inBatches works where the default isolation is %s',
  async (level) => {
    const name = new URL(database.databaseUrl).pathname.slice(1);
    await database.sql.unsafe(
      `alter database "${name}" set default_transaction_isolation = '${level}'`,
    );
    try {
      expect(await walk()).toBe(ROWS / 20);
      expect(await touches()).toEqual({ 1: ROWS });
    } finally {
      await database.sql.unsafe(`alter database "${name}" reset default_transaction_isolation`);
    }
  },
);

test('statements of a body take the new type of a column that was changed under the walk', async () => {
  let batches = 0;
  let changed = false;
  const check = async () => {
    if (batches < 5 || changed) return undefined;
    changed = true;
    await database.sql`alter table words alter touched type bigint`;
    return undefined;
  };
  const throttle = { dutyCycle: 1, replicaLag: false, check } as const;
  const big = '5000000000';
  await withAttempt(database, ({ job }) =>
    job.inBatches(sql`words`, { ...options, throttle }, async (tx, batch) => {
      // Prepared by then, with the type of before.
      const value = changed ? big : '1';
      await tx.execute(sql`update words set touched = ${value} where ${batch}`);
      batches += 1;
      // The throttler calls the check at most once per second.
      if (batches === 5) await new Promise((resolve) => setTimeout(resolve, 1_000));
    }),
  );
  expect(await touches()).toEqual({ 1: 100, [big]: ROWS - 100 });
});

test.each(['commit', 'rollback'])(
  'a batch whose body sends %s is not stored as done, and its attempt fails',
  async (statement) => {
    const walking = withAttempt(database, ({ job }) =>
      job.inBatches(sql`words`, options, async (tx, batch) => {
        await tx.execute(sql`update words set touched = touched + 1 where ${batch}`);
        await tx.execute(sql.raw(statement));
      }),
    );
    await expect(walking).rejects.toThrow(/has ended the batch's transaction/);
    expect(await database.sql`select 1 from long_running_migrations.finished_ranges`).toHaveLength(
      0,
    );
  },
);

test('batches whose body drops all prepared statements are done like others', async () => {
  await withAttempt(database, ({ job }) =>
    job.inBatches(sql`words`, options, async (tx, batch) => {
      await tx.execute(sql`update words set touched = touched + 1 where ${batch}`);
      await tx.execute(sql`deallocate all`);
    }),
  );
  expect(await touches()).toEqual({ 1: ROWS });
});

test('a batch fails when a deferred constraint makes its COMMIT fail', async () => {
  await database.sql.unsafe(`
    create table noted (number integer);
    create function note() returns trigger language plpgsql as $$ begin
      insert into noted values (case when new.number > 100 then current_date else null end);
      return null;
    end $$;
    create constraint trigger noting after update on words deferrable initially deferred
      for each row execute function note()`);
  await expect(walk()).rejects.toMatchObject({ code: '42804' });
  expect(await touches()).toEqual({ 0: ROWS });
  await database.sql.unsafe('drop function note cascade; drop table noted');
});
