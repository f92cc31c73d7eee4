import { beforeEach, expect, test } from '@jest/globals';
import { type Database, database as drizzle } from '../../../drizzle/database';
import { resume, retry } from '../../../drizzle/rows/restart';
import { useDatabase } from '../../support/database';
import { insertMigration, insertRunning, row } from './rows';

const database = useDatabase();
const asked = { by: 'bob@test', reason: null };
const NAME = '0001_a';

let db: Database;

beforeEach(async () => {
  db = drizzle(database.sql);
  await database.sql`truncate long_running_migrations.migrations, long_running_migrations.finished_ranges cascade`;
});

/** Inserts a migration that has made progress. */
async function insertWithProgress(status: 'failed' | 'cancelled' | 'completed'): Promise<void> {
  await insertMigration(database.sql, NAME, status);
  await database.sql`
    update long_running_migrations.migrations set checkpoint = '{"at": 7}', rows_done = 7, rows_total = 9,
      started_at = now(), completed_at = now(), error = 'it broke'`;
  const [walk] = await database.sql`
    insert into long_running_migrations.walks (migration, name, shape)
    values (${NAME}, '1', '{}') returning id`;
  await database.sql`
    insert into long_running_migrations.finished_ranges (walk, upto, rows) values (${walk?.['id']}, '{7}', 7)`;
  await database.sql`
    insert into long_running_migrations.steps (migration, name, completed_at) values (${NAME}, 'swap', now())`;
}

const leftovers = async () => {
  const [count] = await database.sql`
    select (select count(*)::int from long_running_migrations.walks) as walks,
           (select count(*)::int from long_running_migrations.finished_ranges) as ranges,
           (select count(*)::int from long_running_migrations.steps) as steps`;
  return count;
};

test('resume lets a paused migration run again', async () => {
  await insertMigration(database.sql, NAME, 'paused');
  expect(await resume(db, NAME, asked)).toBe('resumed');
  expect(await row(database.sql, NAME)).toMatchObject({ status: 'created', request: 'resume' });
});

test('resume does not change a running migration', async () => {
  await insertRunning(database.sql, NAME);
  expect(await resume(db, NAME, asked)).toBe('running');
  expect(await row(database.sql, NAME)).toMatchObject({ request: null });
});

test.each(['created', 'completed', 'failed', 'cancelled'] as const)(
  'resume refuses a %s migration',
  async (status) => {
    await insertMigration(database.sql, NAME, status);
    await expect(resume(db, NAME, asked)).rejects.toThrow(`0001_a is ${status}: can't resume it.`);
  },
);

test.each(['failed', 'cancelled'] as const)(
  'retry of a %s migration keeps checkpoint, rows and error',
  async (status) => {
    await insertWithProgress(status);
    await retry(db, NAME, asked, false);
    expect(await row(database.sql, NAME)).toMatchObject({
      status: 'created',
      checkpoint: { at: 7 },
      rows_done: '7',
      error: 'it broke',
      completed_at: null,
      requested_by: 'bob@test',
    });
    expect(await leftovers()).toEqual({ walks: 1, ranges: 1, steps: 1 });
  },
);

test('retry from the start removes all progress, also of a completed migration', async () => {
  await insertWithProgress('completed');
  await retry(db, NAME, asked, true);
  expect(await row(database.sql, NAME)).toMatchObject({
    status: 'created',
    checkpoint: null,
    rows_done: '0',
    rows_total: null,
    started_at: null,
    completed_at: null,
  });
  expect(await leftovers()).toEqual({ walks: 0, ranges: 0, steps: 0 });
});

test('retry from the start keeps the walks and steps of other migrations', async () => {
  await insertWithProgress('failed');
  await insertMigration(database.sql, '0002_b');
  await database.sql`
    insert into long_running_migrations.walks (migration, name, shape) values ('0002_b', '1', '{}')`;
  await database.sql`
    insert into long_running_migrations.steps (migration, name) values ('0002_b', 'swap')`;
  await retry(db, NAME, asked, true);
  expect(await leftovers()).toEqual({ walks: 1, ranges: 0, steps: 1 });
});

test.each(['created', 'paused', 'in_progress'] as const)(
  'retry refuses a %s migration',
  async (status) => {
    await insertMigration(database.sql, NAME, status);
    await expect(retry(db, NAME, asked, true)).rejects.toThrow(
      `0001_a is ${status}: can't retry it.`,
    );
  },
);

test('retry refuses a completed migration, unless it is from the start', async () => {
  await insertWithProgress('completed');
  await expect(retry(db, NAME, asked, false)).rejects.toThrow('npx lrm retry 0001_a --from-start');
});

test('retry waits for a late batch of the last attempt, so that its range is removed too', async () => {
  await insertWithProgress('failed');
  const [walk] = await database.sql`select id from long_running_migrations.walks`;
  const order: string[] = [];
  let retried: Promise<unknown> = Promise.resolve();
  await database.sql.begin(async (tx) => {
    await tx`
      select pg_advisory_xact_lock_shared(hashtextextended(${`long_running_migrations:${NAME}`}, 0))`;
    retried = retry(db, NAME, asked, true).then(() => order.push('retry'));
    await tx`
      insert into long_running_migrations.finished_ranges (walk, upto, rows)
      values (${walk?.['id']}, '{8}', 1)`;
    order.push('batch');
  });
  await retried;
  expect(order).toEqual(['batch', 'retry']);
  expect(await leftovers()).toEqual({ walks: 0, ranges: 0, steps: 0 });
});

test.each([
  ['paused', (db: Database) => resume(db, NAME, asked)],
  ['failed', (db: Database) => retry(db, NAME, asked, false)],
] as const)(
  'the next claim of a %s migration is not late, whatever Temporal’s clock said',
  async (status, again) => {
    await insertMigration(database.sql, NAME, status);
    await database.sql`
    update long_running_migrations.migrations set claim_scheduled_at = now() + interval '1 hour'`;
    await again(db);
    expect(await row(database.sql, NAME)).toMatchObject({ claim_scheduled_at: null });
  },
);
