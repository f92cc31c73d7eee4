import { beforeEach, expect, test } from '@jest/globals';
import { type Database, database as drizzle } from '../../../drizzle/database';
import { retry, retryForward, revert } from '../../../drizzle/rows/restart';
import type { Direction, MigrationStatus } from '../../../drizzle/schema';
import { useDatabase } from '../../support/database';
import { insertMigration, row } from './rows';

const database = useDatabase();
const asked = { by: 'bob@test', reason: null };
const NAME = '0001_a';

let db: Database;

beforeEach(async () => {
  db = drizzle(database.sql);
  await database.sql`truncate long_running_migrations.migrations, long_running_migrations.finished_ranges cascade`;
});

/** Inserts a migration that has made progress in this direction. */
async function insert(status: MigrationStatus, direction: Direction = 'forward'): Promise<void> {
  await insertMigration(database.sql, NAME, status);
  await database.sql`
    update long_running_migrations.migrations set direction = ${direction}, checkpoint = '{"at": 7}',
      rows_done = 7, rows_total = 9, started_at = now(), completed_at = now()`;
  const [walk] = await database.sql`
    insert into long_running_migrations.walks (migration, name, shape)
    values (${NAME}, '1', '{}') returning id`;
  await database.sql`
    insert into long_running_migrations.finished_ranges (walk, upto, rows) values (${walk?.['id']}, '{7}', 7)`;
}

const stored = async () => {
  const [count] = await database.sql`
    select (select count(*)::int from long_running_migrations.walks) as walks,
           (select count(*)::int from long_running_migrations.finished_ranges) as ranges`;
  const { status, direction, checkpoint, rows_done: rows } = await row(database.sql, NAME);
  return { status, direction, checkpoint, rows, ...count };
};

const FROM_NOTHING = { checkpoint: null, rows: '0', walks: 0, ranges: 0 };
const KEPT = { checkpoint: { at: 7 }, rows: '7', walks: 1, ranges: 1 };

test.each(['completed', 'failed', 'cancelled', 'paused'] as const)(
  'revert of a %s migration begins from nothing: no walk of run() is left to go on with',
  async (status) => {
    await insert(status);
    await database.sql`update long_running_migrations.migrations set waits_for = 'not ready: later'`;
    const { generation } = await row(database.sql, NAME);
    await revert(db, NAME, asked);
    // Its walks in other databases are known by it.
    expect((await row(database.sql, NAME))['generation']).not.toBe(generation);
    expect(await stored()).toEqual({ status: 'created', direction: 'revert', ...FROM_NOTHING });
    expect(await row(database.sql, NAME)).toMatchObject({
      request: 'revert',
      requested_by: 'bob@test',
      started_at: null,
      completed_at: null,
      checkpoint_version: '1',
      // ready() and dependsOn are about run().
      waits_for: null,
    });
  },
);

test.each(['created', 'in_progress', 'reverted'] as const)(
  'revert refuses a %s migration',
  async (status) => {
    await insert(status, status === 'reverted' ? 'revert' : 'forward');
    await expect(revert(db, NAME, asked)).rejects.toThrow(`0001_a is ${status}: can't revert it.`);
    expect(await stored()).toMatchObject(KEPT);
  },
);

test.each([
  [
    'failed',
    'Possible: npx lrm cancel 0001_a, npx lrm retry 0001_a, npx lrm retry 0001_a --forward',
  ],
  ['cancelled', 'Possible: npx lrm retry 0001_a, npx lrm retry 0001_a --forward'],
  ['paused', 'Possible: npx lrm resume 0001_a, npx lrm cancel 0001_a'],
] as const)('a revert that is %s is not begun again', async (status, possible) => {
  await insert(status, 'revert');
  await expect(revert(db, NAME, asked)).rejects.toThrow(
    `0001_a is ${status} while reverting: can't revert it. ${possible}`,
  );
  expect(await stored()).toMatchObject(KEPT);
});

test.each(['failed', 'cancelled'] as const)(
  'retry of a revert that is %s goes on with it, and from the start begins it again',
  async (status) => {
    await insert(status, 'revert');
    await retry(db, NAME, asked, false);
    expect(await stored()).toEqual({ status: 'created', direction: 'revert', ...KEPT });
    await database.sql`update long_running_migrations.migrations set status = ${status}`;
    await retry(db, NAME, asked, true);
    expect(await stored()).toEqual({ status: 'created', direction: 'revert', ...FROM_NOTHING });
  },
);

test.each(['failed', 'cancelled', 'reverted'] as const)(
  'a revert that is %s runs forward again from nothing',
  async (status) => {
    await insert(status, 'revert');
    await retryForward(db, NAME, asked);
    expect(await stored()).toEqual({ status: 'created', direction: 'forward', ...FROM_NOTHING });
  },
);

test.each([true, false])(
  'retry of a reverted migration runs forward from nothing (from the start: %j)',
  async (fromStart) => {
    await insert('reverted', 'revert');
    await retry(db, NAME, asked, fromStart);
    expect(await stored()).toEqual({ status: 'created', direction: 'forward', ...FROM_NOTHING });
  },
);

test('--forward is refused where nothing is being reverted', async () => {
  await insert('failed');
  await expect(retryForward(db, NAME, asked)).rejects.toThrow(
    '0001_a is failed and not being reverted: type it without --forward',
  );
  await database.sql`update long_running_migrations.migrations set status = 'created', direction = 'revert'`;
  await expect(retryForward(db, NAME, asked)).rejects.toThrow(
    "0001_a is created to be reverted: can't retry it.",
  );
  expect(await stored()).toMatchObject(KEPT);
});

test('a worker that does not know revert() claims nothing that is to be reverted', async () => {
  await insert('created', 'revert');
  // The INSERT of its claim names no direction.
  const claim = database.sql`
    insert into long_running_migrations.attempts (migration, number, worker, run_id)
    values (${NAME}, 1, '1@old', 'run')`;
  await expect(claim).rejects.toMatchObject({
    code: '23514',
    constraint_name: 'this_worker_is_too_old_to_revert',
  });
});
