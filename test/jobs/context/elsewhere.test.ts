import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { publicEpoch } from '../../../drizzle/rights/jobViews';
import { Superseded } from '../../../drizzle/rows/superseded';
import { inTransaction } from '../../../drizzle/transaction';
import { type Attempt, fence } from '../../../jobs/context/attempt';
import { JobUsageError } from '../../../jobs/context/index';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { beginVisiting, originOf, type Visiting } from './visiting';

const main = useDatabase();
const otherMain = useDatabase();
const archive = useDatabase();

const ledger = pgTable('ledger', {
  id: integer('id').primaryKey(),
  touched: integer('touched').notNull(),
});
const ROWS = 400;
const WALK = {
  key: ledger.id,
  throttle: false,
  batchSize: { max: 20 },
  database: 'archive',
} as const;

const opened: Visiting[] = [];
async function begin(from = main): Promise<Visiting> {
  const visiting = await beginVisiting(from, archive);
  opened.push(visiting);
  return visiting;
}

beforeEach(async () => {
  await archive.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null);
    insert into ledger select i * 7, 0 from generate_series(1, ${ROWS}) i`);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.end()));
  await archive.sql`drop table ledger`;
  for (const each of [main, otherMain, archive]) {
    await each.sql`truncate long_running_migrations.migrations, long_running_migrations.walks,
      long_running_migrations.finished_ranges, long_running_migrations.visiting_attempts cascade`;
  }
});

/** Touches each row once, slowly enough to be interrupted. */
const walk = ({ job }: Visiting, lanes = 1, between = () => sleep(10)) =>
  job.inBatches(ledger, { ...WALK, lanes }, async (tx, batch) => {
    await tx.update(ledger).set({ touched: sql`touched + 1` }).where(batch);
    await between();
  });

const touches = () => archive.sql`select touched, count(*)::int as rows from ledger group by 1`;
const ONCE = [{ touched: 1, rows: ROWS }];

test('keeps the place of a walk in the database of its rows, where nothing is registered', async () => {
  await walk(await begin());
  expect(await touches()).toEqual(ONCE);
  const [there] = await archive.sql`
    select migration, registered, rows_done, completed_at is not null as completed
    from long_running_migrations.walks`;
  const { generation } = await originOf(main.sql, '0001_walk');
  expect(there).toEqual({
    migration: generation,
    registered: null,
    rows_done: String(ROWS),
    completed: true,
  });
  expect(await archive.sql`select from long_running_migrations.migrations`).toHaveLength(0);
  // The next attempt finds it complete.
  await walk(await begin());
  expect(await touches()).toEqual(ONCE);
});

// What the main database remembers (a step, a checkpoint) must not outlive it: see TableWalk.open.
test('batches in a further database wait for the disk', async () => {
  const { job } = await begin();
  const commits = new Set<unknown>();
  await job.inBatches(ledger, { ...WALK, lanes: 2 }, async (tx) => {
    const [row] = await tx.execute(sql`select current_setting('synchronous_commit') as commit`);
    commits.add(row?.['commit']);
  });
  expect([...commits]).toEqual(['on']);
});

/** Walks until 100 rows are done, and loses the attempt. */
async function walkAPart(): Promise<void> {
  const visiting = await begin();
  let rows = 0;
  const lost = walk(visiting, 1, async () => {
    rows += 20;
    if (rows > 100) throw new Error('lost');
  });
  await expect(lost).rejects.toThrow('lost');
  await visiting.end();
}

const restored = async (migration: string) => {
  await main.sql`truncate long_running_migrations.migrations cascade`;
  await main.sql`insert into long_running_migrations.migrations (name) values (${migration})`;
};

/** Goes on in the next attempt. Returns its warnings. */
async function walkTheRest(): Promise<string[]> {
  const visiting = await begin();
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  Object.assign(visiting.attempt, { log: { ...visiting.attempt.log, warn } });
  await walk(visiting);
  expect(await touches()).toEqual(ONCE);
  return warnings;
}

test('goes on there, and warns, when the main database has lost the attempt that walked', async () => {
  await walkAPart();
  await main.sql`delete from long_running_migrations.attempts`;
  expect(await walkTheRest()).toEqual([
    expect.stringMatching(/^the attempt that walked in database 'archive' before is not one of/),
  ]);
});

test.each([
  ['visiting_attempts', 'taken away', archive],
  ['attempts', 'set', main],
])(
  'knows the attempt before when %s has its public epoch: LRM_JOB_DATABASE_URL was %s',
  async (table, _, { sql }) => {
    await walkAPart();
    const ours = sql(`long_running_migrations.${table}`);
    const [row] = await sql`select epoch from ${ours}`;
    await sql`update ${ours} set epoch = ${publicEpoch(row?.['epoch'])}`;
    expect(await walkTheRest()).toEqual([]);
  },
);

test('does no row again when the main database was restored to before the registration', async () => {
  await walkAPart();
  await restored('0001_walk');
  await expect(walk(await begin())).rejects.toThrow(/generation .* which this database does not/);
  const [there] = await archive.sql<{ generation: string }[]>`
    select generation from long_running_migrations.visiting_attempts`;
  // As docs/disaster.md says.
  await main.sql`update long_running_migrations.migrations set generation = ${there?.generation ?? ''}
    where name = '0001_walk'`;
  await walk(await begin());
  expect(await touches()).toEqual(ONCE);
});

const terminate = (from: typeof main, name: string) =>
  from.sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${name}`;
const mainName = ({ attempt }: Visiting) => `lrm:long_running_migrations:${attempt.id}`;

/** What can end an attempt, or look like its end, at any moment. */
const blows: ((visiting: Visiting) => Promise<unknown>)[] = [
  async ({ attempt }) => attempt.stop(new Error('asked to stop')),
  (visiting) => terminate(main, mainName(visiting)),
  (visiting) => terminate(archive, visiting.sessionName),
  // It only is superseded.
  async () => {},
];

test.each([1, 3])(
  'touches each row once with %d lanes, whatever is killed in which database',
  async (lanes) => {
    let longest = 200;
    let attempts = 0;
    const stragglers: Promise<unknown>[] = [];
    for (let completed = false; !completed; attempts++) {
      const visiting = await begin();
      const walking = walk(visiting, lanes, () => sleep(15 * lanes)).then(
        () => true,
        () => false,
      );
      await sleep(Math.random() * longest);
      longest = visiting.attempt.kept() > 0 ? Math.max(200, longest / 1.1) : longest * 1.1;
      await blows[attempts % blows.length]?.(visiting);
      completed = await Promise.race([walking, sleep(Math.random() * 20, false)]);
      stragglers.push(walking);
    }
    await Promise.all(stragglers);
    expect(await touches()).toEqual(ONCE);
    expect(attempts).toBeGreaterThan(3);
  },
);

test('a newer attempt waits for a batch that an older one has open, and then refuses it there', async () => {
  const older = await begin();
  let inBatch = () => {};
  const began = new Promise<void>((resolve) => {
    inBatch = resolve;
  });
  let goOn = () => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const walking = walk(older, 1, () => {
    inBatch();
    return gate;
  }).catch((error) => error);
  await began;
  // It loses the lock in the main database, as if it were cut off from there.
  await terminate(main, mainName(older));
  const newer = await begin();
  const second = walk(newer);
  await waitFor('the newer attempt to wait in the archive', async () => {
    const [waiting] = await archive.sql`
      select 1 from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and not granted
        and database = (select oid from pg_database where datname = current_database())`;
    return waiting !== undefined;
  });
  goOn();
  expect(await walking).toBeInstanceOf(Error);
  await second;
  expect(await touches()).toEqual(ONCE);
  const there = (await older.places.visited()).get(older.archive) as Attempt;
  await expect(inTransaction(older.archive, (tx) => fence(tx, there))).rejects.toBeInstanceOf(
    Superseded,
  );
});

test('an older attempt that comes late can not claim there', async () => {
  const older = await begin();
  const newer = await begin();
  await newer.places.of('1', 'archive');
  await expect(walk(older)).rejects.toBeInstanceOf(Superseded);
  const rows = await archive.sql`select attempt from long_running_migrations.visiting_attempts`;
  expect(rows).toEqual([{ attempt: String(newer.attempt.id) }]);
});

test('holds the fence of the main database during a batch', async () => {
  const visiting = await begin();
  await walk(visiting, 1, async () => {
    const [held] = await main.sql`
      select 1 from pg_locks l join pg_stat_activity a using (pid)
      where locktype = 'advisory' and mode = 'ShareLock' and application_name = ${mainName(visiting)}`;
    expect(held).toBeDefined();
  });
});

test('what has committed there is not repeated when only the main database fails', async () => {
  const visiting = await begin();
  const batch = () => terminate(main, mainName(visiting)).then(() => {});
  // Each batch commits, whatever becomes of the lock's own session.
  await walk(visiting, 1, batch).catch(() => {});
  const done = await archive.sql`select touched from ledger where touched > 1`;
  expect(done).toEqual([]);
  await walk(await begin());
  expect(await touches()).toEqual(ONCE);
});

test('two installations with migrations and attempts of the same names do not meet', async () => {
  // Databases of tests are copies of one, as no two installations are.
  await otherMain.sql`update long_running_migrations.installations set id = gen_random_uuid()`;
  const [one, two] = [await begin(main), await begin(otherMain)];
  expect(one.sessionName).not.toBe(two.sessionName);
  await Promise.all([walk(one), walk(two)]);
  expect(await touches()).toEqual([{ touched: 2, rows: ROWS }]);
});

test('a walk can not move to another database', async () => {
  await walk(await begin());
  const there = await begin();
  await expect(
    there.job.inBatches(ledger, { key: ledger.id, name: '1' }, async () => {}),
  ).rejects.toThrow(/walk '1' of 0001_walk can't go on.*: database/);
  await main.sql`create table if not exists ledger (id integer primary key, touched integer not null)`;
  await (await begin()).job.inBatches(ledger, { key: ledger.id, name: 'here' }, async () => {});
  const back = await begin();
  await expect(
    back.job.inBatches(ledger, { ...WALK, name: 'here' }, async () => {}),
  ).rejects.toThrow(/walk 'here' of 0001_walk can't go on.*: database/);
});

test('wrong options are refused before the walk has a database that it could not leave', async () => {
  await main.sql`create table if not exists ledger (id integer primary key, touched integer not null)`;
  const wrong = { ...WALK, onError: 'skip' } as const;
  await expect((await begin()).job.inBatches(ledger, wrong, async () => {})).rejects.toThrow(
    /leave it out, or leave out 'database'$/,
  );
  const { database: _, ...here } = wrong;
  await (await begin()).job.inBatches(ledger, here, async () => {});
});

test('so are those that forEach and the throttle would find wrong', async () => {
  const options = { key: ledger.id, database: 'archive' };
  for (const wrong of [{ pageSize: 0 }, { throttle: { dutyCycle: 2 } }, { key: [] }]) {
    const walking = (await begin()).job.forEach(ledger, { ...options, ...wrong }, async () => {});
    await expect(walking).rejects.toBeInstanceOf(JobUsageError);
  }
  expect(await main.sql`select from long_running_migrations.walks`).toHaveLength(0);
});

test('a walk over a database without our tables is refused with what to type', async () => {
  await archive.sql`alter schema long_running_migrations rename to hidden`;
  try {
    await expect(walk(await begin())).rejects.toThrow(
      /^database 'archive' lacks 0000_our_tables, .*type: npx lrm migrate --database archive$/,
    );
  } finally {
    await archive.sql`alter schema hidden rename to long_running_migrations`;
  }
  expect(await touches()).toEqual([{ touched: 0, rows: ROWS }]);
});

test('forEach goes on where it stopped, and over items it has no other database', async () => {
  const seen: number[] = [];
  const { batchSize: _, ...walk } = WALK;
  const options = { ...walk, checkpointEvery: 50 };
  const first = await begin();
  await expect(
    first.job.forEach(ledger, options, async ({ id }) => {
      if (seen.length === 120) throw new Error('enough');
      seen.push(id);
    }),
  ).rejects.toThrow('enough');
  await (await begin()).job.forEach(ledger, options, async ({ id }) => void seen.push(id));
  expect(seen).toEqual(Array.from({ length: ROWS }, (_, index) => (index + 1) * 7));
  const { job } = await begin();
  const items = { cursor: (item: number) => item, name: 'items', database: 'archive' };
  const walking = job.forEach(
    function* () {},
    items,
    async () => {},
  );
  await expect(walking).rejects.toBeInstanceOf(JobUsageError);
});

test('updateRows knows the columns of each database', async () => {
  await main.sql.unsafe(`drop table if exists ledger;
    create table ledger (id text primary key, touched text); insert into ledger values ('7', '')`);
  const { job } = await begin();
  const table = sql`ledger`;
  const key = sql`id`;
  await job.inBatches(table, { key }, (tx) =>
    job.updateRows(tx, table, key, [{ id: '7', touched: 'x' }]),
  );
  await job.inBatches(table, { key, database: 'archive' }, (tx, batch) =>
    tx
      .execute(sql`update ledger set touched = 0 where ${batch}`)
      .then(() => job.updateRows(tx, table, key, [{ id: 7, touched: 1 }])),
  );
  expect(await main.sql`select touched from ledger`).toEqual([{ touched: 'x' }]);
  expect(await archive.sql`select touched from ledger where id = 7`).toEqual([{ touched: 1 }]);
});
