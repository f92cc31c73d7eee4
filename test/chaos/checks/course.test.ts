import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { useDatabase } from '../../support/database';
import { watchTable } from '../ledger/ledger';
import { afterStop } from './afterStop';
import type { CheckContext } from './context';
import { everyRowOnce } from './everyRowOnce';
import type { Fragment } from './fragments';
import { prepare } from './judge';
import { oneAtATime } from './oneAtATime';
import { ranges } from './ranges';
import { openScene, type Scene } from './scene';
import { statuses } from './statuses';

const database = useDatabase();
let scene: Scene;
/** Of the test's own migration. The ledger can't be emptied, so each test has another one. */
let name: string;
let count = 0;

beforeAll(async () => {
  scene = await openScene(database.databaseUrl, database.sql);
});
beforeEach(() => {
  name = `000${++count}_a`.slice(-6);
});
afterAll(() => scene.close());

/** What the checks of the course find of the test's migration, as text. */
async function judged(
  more: Partial<CheckContext> = {},
  checks = [everyRowOnce, oneAtATime, afterStop, statuses, ranges],
): Promise<string[]> {
  await prepare(database.sql);
  const found = [];
  for (const check of checks) found.push(...(await check({ ...scene.context(name), ...more })));
  const own = found.filter(({ what }) => what.includes(name));
  return own.map(({ check, what }) => `${check}: ${what}`.replaceAll(name, '0001_a'));
}

test('a course without faults is clean', async () => {
  await scene.complete(name);
  expect(await judged()).toEqual([]);
});

test('an interrupted course is clean', async () => {
  const { sql } = database;
  await scene.migrate(name);
  const first = await scene.claim(name);
  await first.batch(0, 10);
  await first.batch(10, 15, () => Promise.reject(new Error('killed'))).catch(() => {});
  const second = await scene.claim(name);
  await sql`insert into ${sql(`rows_of_${name}`)} (id, owner) values (100, 'migration'), (101, 'application')`;
  await sql`update ${sql(`rows_of_${name}`)} set touched = touched + 1 where id in (4, 12)`;
  await sql`delete from ${sql(`rows_of_${name}`)} where id = 14`;
  await second.batch(10, 20);
  await second.end('completed');
  expect(await judged()).toEqual([]);
});

describe('finds a row that was', () => {
  test('done twice', async () => {
    await scene.complete(name);
    await scene.status(name, 'created');
    await (await scene.claim(name)).batch(3, 5);
    expect(await judged()).toContain(
      'every row once: 0001_a: 2 rows of rows_of_0001_a were done more than once, like 4',
    );
  });

  test('not done', async () => {
    await scene.migrate(name);
    const attempt = await scene.claim(name);
    await attempt.batch(0, 10);
    await attempt.batch(11, 20);
    await attempt.end('completed');
    expect(await judged()).toEqual([
      'every row once: 0001_a: 1 rows of rows_of_0001_a were not done, and it is called completed, like 11',
    ]);
  });

  test('done after the completion', async () => {
    await scene.migrate(name);
    const attempt = await scene.claim(name);
    await attempt.batch(0, 10);
    await attempt.end('completed');
    await attempt.batch(10, 20);
    expect(await judged()).toEqual([
      'every row once: 0001_a: 10 rows of rows_of_0001_a were done after it was called completed, like 11',
      expect.stringMatching(
        /^nothing after a stop: 0001_a: transaction [0-9]+ of attempt 1 committed after completed$/,
      ),
    ]);
  });

  test('done outside of any attempt, or by more than one', async () => {
    const { sql } = database;
    await scene.complete(name);
    await sql`update ${sql(`rows_of_${name}`)} set n = n + 1 where id = 7`;
    await sql`update ${sql(`rows_of_${name}`)} set n = n - 2 where id = 7`;
    expect(await judged()).toEqual([
      'every row once: 0001_a: 1 rows of rows_of_0001_a were counted up by others than its attempts, like 7',
      'every row once: 0001_a: 1 rows of rows_of_0001_a were not counted up by one, like 7',
    ]);
  });

  test("the application's own", async () => {
    const { sql } = database;
    await scene.migrate(name);
    await sql`update ${sql(`rows_of_${name}`)} set owner = 'application' where id = 20`;
    const attempt = await scene.claim(name);
    await attempt.batch(0, 20);
    await attempt.end('completed');
    expect(await judged()).toEqual([
      'every row once: 0001_a: 1 rows of rows_of_0001_a were done that are not its own, like 20',
    ]);
  });

  test('skipped without a record, or done and recorded', async () => {
    const { sql } = database;
    await scene.complete(name);
    await sql`insert into long_running_migrations.skipped_rows (migration, walk, key)
      select migration, id, '{5}' from long_running_migrations.walks where migration = ${name}`;
    expect(await judged()).toEqual([
      'every row once: 0001_a: 1 rows of rows_of_0001_a were done, and recorded as skipped, like 5',
      'every row once: 0001_a: 1 rows are recorded as skipped, expected 0',
    ]);
  });

  test('done in another transaction than its range, or outside of it', async () => {
    const { sql } = database;
    await scene.migrate(name);
    const attempt = await scene.claim(name);
    await attempt.batch(
      0,
      10,
      (tx) => tx`update ${tx(`rows_of_${name}`)} set n = n + 1 where id = 11`,
    );
    await attempt.sql`update ${sql(`rows_of_${name}`)} set n = n + 1 where id > 11`;
    await attempt.end('completed');
    expect(await judged()).toEqual([
      expect.stringMatching(
        /^finished ranges: 0001_a: 10 rows were done without a finished range of the same transaction, like 11 in transaction [0-9]+ of attempt 1$/,
      ),
    ]);
  });
});

test('compares keys as the walk does: by type, by all columns, and downwards', async () => {
  const { sql } = database;
  const table = `pairs_of_${name}`;
  await scene.migrate(name, 0);
  await sql`create table ${sql(table)} (a text collate "C", b integer, n integer, primary key (a, b))`;
  await sql`insert into ${sql(table)} values ('B', 9, 0), ('B', 10, 0), ('a', 1, 0)`;
  await watchTable(sql, table, ['a', 'b'], ['n']);
  await sql`update long_running_migrations.walks set upper_bound = '{B,9}' where migration = ${name}`;
  const attempt = await scene.claim(name);
  await sql`insert into long_running_migrations.walks (migration, name, shape)
    values (${name}, '2', '{"direction": "descending"}')`;
  const done = (after: string | null, upto: string, condition: Fragment) =>
    attempt.sql.begin(async (tx) => {
      await tx`update ${tx(table)} set n = n + 1 where ${condition}`;
      await tx`insert into long_running_migrations.finished_ranges (walk, after, upto, rows)
        select id, ${after}::text[], ${upto}::text[], 1 from long_running_migrations.walks
        where migration = ${name} and name = '2'`;
    });
  const migrations = [{ name, end: 'any' as const, work: { table, counted: 'n' } }];
  await done(null, '{B,10}', sql`a = 'a' or b = 10`);
  expect(await judged({ migrations }, [ranges])).toEqual([]);
  await done('{B,10}', '{B,9}', sql`b = 10`);
  expect(await judged({ migrations }, [ranges])).toEqual([
    expect.stringContaining(
      '1 rows were done without a finished range of the same transaction, like {B,10}',
    ),
  ]);
});

test('finds ranges that do not adjoin each other', async () => {
  const { sql } = database;
  await scene.migrate(name);
  const attempt = await scene.claim(name);
  await attempt.batch(0, 10);
  await attempt.sql`insert into long_running_migrations.finished_ranges (walk, after, upto, rows)
    select id, '{11}', '{19}', 3 from long_running_migrations.walks where migration = ${name}`;
  await sql`update long_running_migrations.walks set completed_at = now(), rows_done = 14 where migration = ${name}`;
  expect(await judged()).toEqual([
    "finished ranges: walk '1' of 0001_a is complete, and has 1 gaps between its ranges",
    "finished ranges: walk '1' of 0001_a is complete, and no range reaches its last key",
    "finished ranges: walk '1' of 0001_a is complete, and 2 ranges are not folded",
    "finished ranges: walk '1' of 0001_a is complete, and counts 14 rows, its ranges 13",
  ]);
});

describe('finds that an attempt took effect', () => {
  test('after the claim of a later one, although the clock says before', async () => {
    await scene.migrate(name);
    const first = await scene.claim(name);
    await first.batch(0, 5, async () => {
      await scene.claim(name);
    });
    expect(await judged()).toEqual([
      expect.stringMatching(
        /^one attempt at a time: 0001_a: transaction [0-9]+ of attempt 1 committed after the claim of attempt 2$/,
      ),
    ]);
  });

  test('outside of the fence, after something of a later one', async () => {
    const { sql } = database;
    await scene.migrate(name);
    const first = await scene.claim(name);
    const second = await scene.claim(name);
    await first.sql`update ${sql(`rows_of_${name}`)} set n = n + 1 where id = 1`;
    // Until here it is what docs/attempts.md says can happen.
    expect(await judged({}, [oneAtATime])).toEqual([]);
    await second.batch(1, 5);
    await first.sql`update ${sql(`rows_of_${name}`)} set n = n + 1 where id = 6`;
    expect(await judged({}, [oneAtATime])).toHaveLength(1);
  });

  test.each(['paused', 'cancelled', 'failed', 'interrupted'])(
    'after it was %s',
    async (outcome) => {
      await scene.migrate(name);
      const attempt = await scene.claim(name);
      await attempt.batch(0, 5, () => attempt.end(outcome));
      const after = outcome === 'interrupted' ? 'the end of an attempt' : outcome;
      expect(await judged()).toEqual([
        expect.stringMatching(
          new RegExp(
            `^nothing after a stop: 0001_a: transaction [0-9]+ of attempt 1 committed after ${after}$`,
          ),
        ),
      ]);
    },
  );

  test('after an operator was told that it has stopped', async () => {
    await scene.migrate(name);
    const attempt = await scene.claim(name);
    const snapshot = async () => {
      const [row] = await database.sql<
        { now: string }[]
      >`select pg_current_snapshot()::text as now`;
      return row?.now ?? '';
    };
    const from = await snapshot();
    await attempt.batch(0, 5);
    const upto = await snapshot();
    await attempt.batch(5, 6);
    expect(await judged({ stops: [{ migration: name, from, upto }] }, [afterStop])).toEqual([
      expect.stringMatching(
        /^nothing after a stop: 0001_a: 1 transactions, [0-9]+ of attempt 1 is the first/,
      ),
    ]);
    const later = [{ migration: name, from: upto, upto }];
    expect(await judged({ stops: later }, [afterStop])).toEqual([]);
  });
});

describe('finds a status that', () => {
  test('may not follow the one before', async () => {
    await scene.complete(name);
    await scene.status(name, 'paused');
    expect(await judged()).toEqual([
      expect.stringMatching(/^statuses: 0001_a, transaction [0-9]+: from completed to paused$/),
    ]);
  });

  test('no attempt has brought about', async () => {
    await scene.migrate(name, 0);
    await scene.claim(name);
    await scene.status(name, 'completed');
    expect(await judged()).toEqual([
      expect.stringMatching(
        /^statuses: 0001_a, transaction [0-9]+: completed, and the attempt that was the current one has not ended so$/,
      ),
    ]);
  });

  test('an older attempt has brought about', async () => {
    await scene.migrate(name, 0);
    const first = await scene.claim(name);
    await scene.claim(name);
    await first.end('completed');
    expect(await judged()).toEqual([expect.stringContaining('has not ended so')]);
  });
});
