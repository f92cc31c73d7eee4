import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eq, isNull, or, sql } from 'drizzle-orm';
import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { withAttempt } from './attempts';

const database = useDatabase();

const people = pgTable('people', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  team: integer('team').notNull(),
  email: text('email'),
  lower: text('lower'),
  touched: integer('touched').notNull().default(0),
});

const PEOPLE = 1_000;

beforeEach(async () => {
  // Ids with gaps, far beyond what a JavaScript number can tell apart.
  await database.sql.unsafe(`
    create table people (id bigint primary key, team integer not null, email text, lower text,
      touched integer not null default 0);
    insert into people (id, team, email) select 9007199254740993 + i * i, i % 7, 'P' || i
      from generate_series(1, ${PEOPLE}) i`);
});

afterEach(async () => {
  await database.sql.unsafe(`drop table if exists people; truncate long_running_migrations.walks,
    long_running_migrations.finished_ranges, long_running_migrations.attempts, long_running_migrations.migrations`);
});

const touch = { touched: sql`touched + 1` };
const byId = { key: people.id, throttle: false } as const;
// Exactly ten: on a busy machine batches are slow, and would shrink for it.
const inTens = { ...byId, batchSize: { min: 10, max: 10 } };

async function touches(): Promise<Record<string, number>> {
  const rows = await database.sql<{ touched: number; rows: number }[]>`
    select touched, count(*)::int as rows from people group by 1`;
  return Object.fromEntries(rows.map(({ touched, rows }) => [touched, rows]));
}

test('inBatches visits every row once, in transactions of their own', async () => {
  await withAttempt(database, async ({ job, reports, kept }) => {
    const transactions = new Set<string>();
    await job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      const [row] = await tx.execute<{ id: string }>(sql`select pg_current_xact_id()::text as id`);
      transactions.add(row?.id ?? '');
    });
    expect(transactions.size).toBe(PEOPLE / 10);
    expect(kept()).toBeGreaterThanOrEqual(PEOPLE / 10);
    expect(reports.at(-1)).toMatchObject({ done: PEOPLE, total: PEOPLE });
  });
  expect(await touches()).toEqual({ 1: PEOPLE });
});

test('inBatches tells the table size from the first batch on', async () => {
  await database.sql`analyze people`;
  await withAttempt(database, async ({ job, reports }) => {
    await job.inBatches(people, inTens, (tx, batch) => tx.update(people).set(touch).where(batch));
    expect(reports[0]).toMatchObject({ done: 0, total: PEOPLE });
    expect(reports[1]).toMatchObject({ done: 10, total: PEOPLE, details: { walk: '1', lanes: 1 } });
  });
});

test('inBatches goes in key order, or backwards on request', async () => {
  const firsts: string[] = [];
  for (const descending of [false, true]) {
    await withAttempt(database, ({ job }) =>
      job.inBatches(people, { ...inTens, descending, name: `${descending}` }, async (_, batch) => {
        const [first] = await batch.rows({ id: people.id });
        firsts.push(String(first?.id));
      }),
    );
  }
  const [forwards, backwards] = [firsts.slice(0, PEOPLE / 10), firsts.slice(PEOPLE / 10)];
  expect(forwards[0]).toBe(String(9007199254740993n + 1n));
  expect(backwards[0]).toBe(String(9007199254740993n + BigInt(PEOPLE) ** 2n));
  expect(forwards).toEqual([...forwards].sort());
  expect(backwards).toEqual([...backwards].sort().reverse());
});

test('inBatches takes only rows that match, also where the batch makes the condition false', async () => {
  await database.sql`update people set email = null where team = 3`;
  const where = or(isNull(people.lower), eq(people.team, 3));
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...inTens, where: isNull(people.lower) }, (tx, batch) =>
      tx
        .update(people)
        .set({ ...touch, lower: sql`lower(${people.email})` })
        .where(batch),
    ),
  );
  expect(await touches()).toEqual({ 1: PEOPLE });
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...inTens, name: 'or', where }, (tx, batch) =>
      tx.update(people).set(touch).where(batch),
    ),
  );
  const [{ rows } = { rows: 0 }] = await database.sql<{ rows: number }[]>`
    select count(*)::int as rows from people where team = 3`;
  expect(await touches()).toEqual({ 1: PEOPLE - rows, 2: rows });
});

test('inBatches calls nothing for an empty table, or where nothing matches', async () => {
  let calls = 0;
  const count = async () => {
    calls += 1;
  };
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...byId, where: eq(people.team, 99) }, count),
  );
  await database.sql`delete from people`;
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...byId, name: 'empty' }, count),
  );
  expect(calls).toBe(0);
});

test('inBatches resumes where the attempt before was stopped, and repeats nothing', async () => {
  const reason = new Error('time is up');
  const first = withAttempt(database, ({ job, stop }) => {
    let batches = 0;
    return job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      batches += 1;
      if (batches === 30) stop(reason);
    });
  });
  await expect(first).rejects.toBe(reason);
  expect(await touches()).toEqual({ 0: PEOPLE - 300, 1: 300 });
  await withAttempt(database, async ({ job, reports }) => {
    await job.inBatches(people, inTens, (tx, batch) => tx.update(people).set(touch).where(batch));
    expect(reports[0]).toMatchObject({ done: 300 });
  });
  expect(await touches()).toEqual({ 1: PEOPLE });
});

test('inBatches passes over a walk that is complete', async () => {
  const walk = () =>
    withAttempt(database, ({ job }) =>
      job.inBatches(people, inTens, (tx, batch) => tx.update(people).set(touch).where(batch)),
    );
  await walk();
  await walk();
  expect(await touches()).toEqual({ 1: PEOPLE });
});

test('inBatches passes over a complete walk whose table is gone', async () => {
  const walk = () =>
    withAttempt(database, ({ job }) => job.inBatches(people, byId, async () => {}));
  await walk();
  await database.sql`drop table people`;
  await walk();
});

test('inBatches ends at the last key of the first attempt', async () => {
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      await tx.execute(sql`insert into people (id, team) select max(id) + 1, 0 from people`);
    }),
  );
  expect(await touches()).toEqual({ 0: PEOPLE / 10, 1: PEOPLE });
});

test('inBatches rolls a batch back that fails, and stores nothing of it', async () => {
  const failing = withAttempt(database, ({ job }) =>
    job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      throw new Error('not today');
    }),
  );
  await expect(failing).rejects.toThrow('not today');
  expect(await touches()).toEqual({ 0: PEOPLE });
  expect(await database.sql`select * from long_running_migrations.finished_ranges`).toHaveLength(0);
});

test('inBatches does not take a batch for done whose error the author caught', async () => {
  const careless = withAttempt(database, ({ job }) =>
    job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      await tx.execute(sql`select 1 / 0`).catch(() => {});
    }),
  );
  await expect(careless).rejects.toThrow();
  expect(await database.sql`select * from long_running_migrations.finished_ranges`).toHaveLength(0);
});

test('inBatches stops an attempt that has been superseded, before it changes anything', async () => {
  const old = withAttempt(database, ({ job }) =>
    job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      // The claim waits for this batch to end, so nobody waits for it here.
      void withAttempt(database, async () => {});
    }),
  );
  await expect(old).rejects.toMatchObject({ name: 'Superseded' });
  const done = await touches();
  expect(done['1']).toBeGreaterThanOrEqual(10);
  const rows = await database.sql<{ rows: string }[]>`
    select coalesce((select sum(rows) from long_running_migrations.finished_ranges), 0)
      + (select sum(rows_done) from long_running_migrations.walks) as rows`;
  expect(Number(rows[0]?.rows)).toBe(done['1']);
});

test('inBatches walks two tables in one job, each resumed by itself', async () => {
  for (let attempt = 0; attempt < 3; attempt++) {
    await withAttempt(database, async ({ job }) => {
      await job.inBatches(people, inTens, (tx, batch) => tx.update(people).set(touch).where(batch));
      await job.inBatches(people, { ...inTens, descending: true }, (tx, batch) =>
        tx.update(people).set(touch).where(batch),
      );
    });
  }
  expect(await touches()).toEqual({ 2: PEOPLE });
});

test('inBatches takes plain names through sql', async () => {
  await withAttempt(database, ({ job }) =>
    job.inBatches(
      sql`public.people`,
      { ...inTens, key: sql`id`, where: sql`team = 1 or team = 2` },
      async (tx, batch) => {
        await tx.execute(sql`update people set touched = touched + 1 where ${batch}`);
      },
    ),
  );
  const wrong = await database.sql`select 1 from people where (touched = 1) <> (team in (1, 2))`;
  expect(wrong).toHaveLength(0);
});

test('inBatches works with several lanes at once', async () => {
  let running = 0;
  let most = 0;
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...inTens, lanes: 4 }, async (tx, batch) => {
      running += 1;
      most = Math.max(most, running);
      // A session may be slow to open: the first batches stay until the last lane has come.
      await waitFor('four batches to run at once', () => most >= 4);
      await tx.update(people).set(touch).where(batch);
      running -= 1;
    }),
  );
  expect(most).toBe(4);
  expect(await touches()).toEqual({ 1: PEOPLE });
});

test('inBatches leaves no lane running when one fails', async () => {
  let running = 0;
  let failed = false;
  const failing = withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...inTens, lanes: 4 }, async (tx, batch) => {
      running += 1;
      await tx.update(people).set(touch).where(batch);
      running -= 1;
      if (!failed) {
        failed = true;
        throw new Error('one of four');
      }
    }),
  );
  await expect(failing).rejects.toThrow('one of four');
  expect(running).toBe(0);
});

test('inBatches folds finished ranges into one mark', async () => {
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...inTens, lanes: 3 }, (tx, batch) =>
      tx.update(people).set(touch).where(batch),
    ),
  );
  expect(await database.sql`select * from long_running_migrations.finished_ranges`).toHaveLength(0);
  const [walk] = await database.sql`select * from long_running_migrations.walks`;
  expect(walk).toMatchObject({ rows_done: String(PEOPLE), rows_total: String(PEOPLE) });
  expect(walk?.['low_water_mark']).toEqual(walk?.['upper_bound']);
  expect(walk?.['completed_at']).not.toBeNull();
});
