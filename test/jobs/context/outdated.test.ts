import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { connect, type Sql } from '../../../drizzle/connect';
import { AttemptOutdated } from '../../../drizzle/rows/superseded';
import { Checkpoint } from '../../../jobs/thread/checkpoint';
import { startPostgres, type TestPostgres } from '../../support/postgres';
import { waitFor } from '../../support/waitFor';
import { beginAttempt, withAttempt } from './attempts';

// The database loses its last commits while an attempt goes on: after a crash with asynchronous
// commits, a failover to a replica that was behind, or the restore of a backup.
let server: TestPostgres;
let database: { databaseUrl: string; sql: Sql };
const ROWS = 1_000;

beforeAll(async () => {
  server = await startPostgres();
  const client = connect(server.url, { applicationName: 'test', max: 1 });
  database = { databaseUrl: server.url, sql: client };
});

afterAll(() => database.sql.end({ timeout: 1 }));

beforeEach(() =>
  database.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, ${ROWS})`),
);

afterEach(() =>
  database.sql.unsafe(`
    drop table ledger;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges,
      long_running_migrations.steps, long_running_migrations.skipped_rows,
      long_running_migrations.attempts, long_running_migrations.migrations`),
);

const options = { key: sql`id`, batchSize: { min: 10, max: 10 } } as const;
const touch = sql`update ledger set touched = touched + 1`;

/** Walks in a new attempt. `between` runs once, before the 31st batch. */
function walk(between?: () => Promise<unknown>): Promise<void> {
  return withAttempt(database, ({ job }) => {
    let batches = 0;
    const throttle = {
      dutyCycle: 1,
      replicaLag: false,
      check: async () => {
        const once = batches >= 30 ? between : undefined;
        if (once) between = undefined;
        await once?.();
        return undefined;
      },
    } as const;
    return job.inBatches(sql`ledger`, { ...options, throttle }, async (tx, batch) => {
      await tx.execute(sql`${touch} where ${batch}`);
      batches += 1;
      // The throttler calls the check at most once per second.
      if (batches === 30) await new Promise((resolve) => setTimeout(resolve, 1_000));
    });
  });
}

/** Saves the walk and its table. Returns a function that restores them. */
async function dump(): Promise<() => Promise<unknown>> {
  const [{ columns } = { columns: '' }] = await database.sql<{ columns: string }[]>`
    select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
    where attrelid = 'long_running_migrations.walks'::regclass and attnum > 0
      and not attisdropped and attgenerated = ''`;
  await database.sql.unsafe(`
    create table saved_ledger as table ledger;
    create table saved_walks as select ${columns} from long_running_migrations.walks;
    create table saved_ranges as table long_running_migrations.finished_ranges`);
  return () =>
    database.sql.unsafe(`
      truncate ledger, long_running_migrations.walks, long_running_migrations.finished_ranges;
      insert into ledger table saved_ledger;
      insert into long_running_migrations.walks (${columns}) overriding system value
        table saved_walks;
      insert into long_running_migrations.finished_ranges overriding system value table saved_ranges;
      drop table saved_ledger, saved_walks, saved_ranges`);
}

async function expectEachTouchedOnce(): Promise<void> {
  const counts = await database.sql`select touched, count(*)::int as rows from ledger group by 1`;
  expect(counts).toEqual([{ touched: 1, rows: ROWS }]);
}

test('an attempt ends when its server has crashed', async () => {
  const crash = async () => {
    await server.restartImmediate();
    await waitFor('Postgres to be back', () => database.sql`select 1`.catch(() => false));
    // Loses commits that were not on disk yet.
    await database.sql`update ledger set touched = 0 where id > 200`;
    await database.sql`
      update long_running_migrations.walks set low_water_mark = '{200}', rows_done = 200`;
    await database.sql`delete from long_running_migrations.finished_ranges`;
  };
  await expect(walk(crash)).rejects.toThrow(/restarted or replaced|CONNECTION_CLOSED/);
  await walk();
  await expectEachTouchedOnce();
});

test('an attempt ends when its data were restored from a dump', async () => {
  let restore: () => Promise<unknown> = async () => {};
  const attempt = withAttempt(database, ({ job }) => {
    let batches = 0;
    return job.inBatches(sql`ledger`, { ...options, throttle: false }, async (tx, batch) => {
      await tx.execute(sql`${touch} where ${batch}`);
      batches += 1;
      if (batches === 20) restore = await dump();
      if (batches === 60) await new Promise((resolve) => setTimeout(resolve, 1_100));
    });
  });
  // Restores the dump while the attempt runs, after the mark has moved past that of the dump.
  const restored = waitFor('the walk to pass the dump', async () => {
    const [row] = await database.sql<{ done: number }[]>`
      select count(*)::int as done from ledger where touched > 0`;
    return (row?.done ?? 0) >= 500;
  }).then(() => restore());
  await expect(Promise.all([attempt, restored])).rejects.toBeInstanceOf(AttemptOutdated);
  await restored;
  await walk();
  await expectEachTouchedOnce();
});

test('an attempt notices a lost range although another range has got its ID', async () => {
  // A crash that loses commits can also set the sequence back.
  let lost = false;
  const attempt = withAttempt(database, ({ job }) => {
    let last = false;
    const three = { ...options, lanes: 3, throttle: false } as const;
    return job.inBatches(sql`ledger`, three, async (tx, batch) => {
      const [first] = await batch.rows({ id: sql<number>`id` });
      const number = Math.ceil((first?.id ?? 0) / 10);
      await tx.execute(sql`${touch} where ${batch}`);
      if (number === 2) await waitFor('the third batch to be stored', () => last);
      if (number === 3) {
        await loseFirstRange();
        lost = true;
        // Late enough for the next fold.
        await new Promise((resolve) => setTimeout(resolve, 1_100));
      }
      if (number === 4) await waitFor('the loss', () => lost);
      if (number === 5) last = true;
    });
  });
  await expect(attempt).rejects.toBeInstanceOf(AttemptOutdated);
  await walk();
  await expectEachTouchedOnce();
});

/** Removes the first batch and sets the sequence back to the ID of its range, as a crash could. */
async function loseFirstRange(): Promise<void> {
  const [first] = await waitFor('the first range', async () => {
    const rows = await database.sql<{ id: string }[]>`
      select id from long_running_migrations.finished_ranges where upto = '{10}'`;
    return rows.length > 0 && rows;
  });
  await database.sql`delete from long_running_migrations.finished_ranges where upto = '{10}'`;
  await database.sql`update ledger set touched = 0 where id <= 10`;
  // setval() needs no lock on the table. A lock would have to wait for the running batches.
  await database.sql`
    select setval(pg_get_serial_sequence('long_running_migrations.finished_ranges', 'id'),
      ${first?.id ?? 0}, false)`;
}

test('a walk is complete only when the stored ranges reach from its first key to its last', async () => {
  const lost = walk(async () => {
    await database.sql`update ledger set touched = 0 where id <= 10`;
    await database.sql`
      update long_running_migrations.walks set upper_bound = '{1001}'`;
  });
  await expect(lost).rejects.toThrow(/do not reach to the walk's end/);
});

test('an attempt notices that our tables were dropped and created again', async () => {
  const recreate = () =>
    database.sql.unsafe(`
      create table long_running_migrations.restored (like long_running_migrations.migrations including all);
      insert into long_running_migrations.restored table long_running_migrations.migrations;
      alter table long_running_migrations.attempts drop constraint attempts_migration_migrations_name_fk;
      alter table long_running_migrations.walks drop constraint walks_registered_migrations_name_fk;
      alter table long_running_migrations.steps drop constraint steps_migration_migrations_name_fk;
      alter table long_running_migrations.skipped_rows
        drop constraint skipped_rows_migration_migrations_name_fk;
      drop table long_running_migrations.migrations;
      alter table long_running_migrations.restored rename to migrations`);
  await expect(walk(recreate)).rejects.toThrow(/restarted or replaced, or its data restored/);
  await walk();
  await expectEachTouchedOnce();
});

test('an attempt is superseded when the database lost its claim and gave its ID to another attempt', async () => {
  const older = await beginAttempt(database);
  await database.sql`update long_running_migrations.migrations set epoch = gen_random_uuid()`;
  const late = older.job.inBatches(sql`ledger`, { ...options, throttle: false }, async () => {});
  await expect(late).rejects.toMatchObject({ name: 'Superseded' });
  await older.end();
});

test('a cursor and a checkpoint notice that the database has lost what was stored', async () => {
  await withAttempt(database, async (attempt) => {
    const checkpoint = new Checkpoint(attempt, 0);
    await checkpoint.save({ at: 1 });
    await checkpoint.save({ at: 2 });
    await database.sql`
      update long_running_migrations.migrations set checkpoint = '{"at": 1}', checkpoint_version = 1`;
    await expect(checkpoint.save({ at: 3 })).rejects.toThrow(/lost a checkpoint/);
    await expect(checkpoint.read()).rejects.toThrow(/lost a checkpoint/);

    const items = Array.from({ length: 30 }, (_, index) => index);
    const after = (cursor: number | undefined): number[] => items.slice((cursor ?? -1) + 1);
    const each = attempt.job.forEach(
      after,
      { cursor: (item) => item, checkpointEvery: 10 },
      async (item) => {
        if (item === 15) {
          await database.sql`update long_running_migrations.walks set cursor = null, rows_done = 0`;
        }
      },
    );
    await expect(each).rejects.toThrow(/lost the cursor/);
  });
});

test('checkpoints saved at the same time, or in transactions of the author, do not count as lost', async () => {
  await withAttempt(database, async (attempt) => {
    const checkpoint = new Checkpoint(attempt, 0);
    await Promise.all([1, 2, 3, 4].map((at) => checkpoint.save({ at })));
    await attempt.db.transaction((tx) => checkpoint.save({ at: 5 }, tx));
    const rolledBack = attempt.db.transaction(async (tx) => {
      await checkpoint.save({ at: 6 }, tx);
      throw new Error('roll back');
    });
    await expect(rolledBack).rejects.toThrow('roll back');
    await checkpoint.save({ at: 7 });
    expect(await checkpoint.read()).toEqual({ at: 7 });
  });
});
