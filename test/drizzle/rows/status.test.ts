import { beforeEach, expect, test } from '@jest/globals';
import { type Database, database as drizzle } from '../../../drizzle/database';
import { readMigrations, secondsLeft } from '../../../drizzle/rows/status';
import { useDatabase } from '../../support/database';
import { insertEnded, insertMigration, insertRunning } from './rows';

const database = useDatabase();
const TIMEOUT = 30_000;

let db: Database;

beforeEach(async () => {
  db = drizzle(database.sql);
  await database.sql`truncate long_running_migrations.migrations cascade`;
});

const only = async () => {
  const [view] = await readMigrations(db, TIMEOUT);
  if (!view) throw new Error('nothing was read');
  return view;
};

test('readMigrations returns all migrations in the order they run', async () => {
  await database.sql`
    insert into long_running_migrations.migrations (name, created_at)
    values ('0003_c', now() - interval '1 hour'), ('0002_b', now()), ('0001_a', now())`;
  const names = (await readMigrations(db, TIMEOUT)).map(({ migration }) => migration.name);
  expect(names).toEqual(['0003_c', '0001_a', '0002_b']);
});

test('readMigrations computes speed and remaining time from the running attempt alone', async () => {
  await insertRunning(database.sql, '0001_a');
  await database.sql`update long_running_migrations.migrations set rows_done = 1500, rows_total = 2000`;
  await database.sql`update long_running_migrations.attempts set rows_done = 500`;
  const view = await only();
  expect(view.live).toBe(true);
  expect(view.rowsPerSecond).toBeCloseTo(5, 0);
  expect(secondsLeft(view)).toBeCloseTo(100, -1);
});

test('no time is left to show while a step runs and all rows so far are done', async () => {
  await insertRunning(database.sql, '0001_a');
  await database.sql`update long_running_migrations.attempts set rows_done = 500`;
  const left = async (done: number, step: string | null) => {
    await database.sql`
      update long_running_migrations.migrations set rows_done = ${done}, rows_total = 2000, step = ${step}`;
    return secondsLeft(await only());
  };
  expect(await left(2000, null)).toBe(0);
  expect(await left(2000, 'create index')).toBeNull();
  expect(await left(1500, 'backfill')).toBeCloseTo(100, -1);
});

test('readMigrations finds a silent worker by the database clock', async () => {
  await insertRunning(database.sql, '0001_a', 40);
  const view = await only();
  expect(view.live).toBe(false);
  expect(view.rowsPerSecond).toBeNull();
  expect(view.silentFor).toBeGreaterThanOrEqual(40);
});

test('readMigrations counts time limits in a row without progress', async () => {
  await insertMigration(database.sql, '0001_a', 'in_progress');
  await insertEnded(database.sql, '0001_a', 1, 'timed_out');
  await insertEnded(database.sql, '0001_a', 2, 'timed_out', true);
  await insertEnded(database.sql, '0001_a', 3, 'timed_out');
  await insertEnded(database.sql, '0001_a', 4, 'timed_out');
  expect((await only()).timeoutsWithoutProgress).toBe(2);
  await insertEnded(database.sql, '0001_a', 5, 'interrupted');
  expect((await only()).timeoutsWithoutProgress).toBe(0);
});

test('readMigrations returns the latest attempt, or null', async () => {
  await insertMigration(database.sql, '0001_a', 'failed');
  expect((await only()).attempt).toBeNull();
  await insertEnded(database.sql, '0001_a', 1, 'retried');
  await insertEnded(database.sql, '0001_a', 2, 'failed');
  expect((await only()).attempt).toMatchObject({ number: 2, outcome: 'failed' });
});
