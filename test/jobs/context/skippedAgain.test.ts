import { beforeEach, expect, test } from '@jest/globals';
import { isNull, sql } from 'drizzle-orm';
import { BadRow } from '../../../jobs/context/badRow';
import type { BatchBody } from '../../../jobs/context/index';
import { beginAttempt, type TestAttempt, withAttempt } from './attempts';
import { byId, PEOPLE, people, touch, touches, usePeople } from './people';

// Rows that were skipped, and that `lrm retry --skipped` wants to be done again.
const database = usePeople();
const where = isNull(people.lower);
const skipping = { ...byId, where, onError: 'skip' } as const;
/** The team whose rows the first attempt skips. */
const TEAM = 99;
const SKIPPED = 8;

const doing: BatchBody = (tx, batch) =>
  tx
    .update(people)
    .set({ ...touch, lower: sql`lower(email)` })
    .where(batch);

/** Rejects the rows of the team. */
const rejecting: BatchBody = async (tx, batch) => {
  const rows = await batch.rows({ team: people.team });
  if (rows.some(({ team }) => team === TEAM)) throw new BadRow('of the team');
  await doing(tx, batch);
};

const skipped = () =>
  database.sql<{ key: string[]; again: boolean; reason: string }[]>`
    select key, again, reason from long_running_migrations.skipped_rows order by id`;
const askAgain = () => database.sql`update long_running_migrations.skipped_rows set again = true`;

/** Puts every 120th row into the team, from the given one on. */
const join = (from: number) =>
  database.sql`update people set team = ${TEAM} where id in (
    select id from (select id, row_number() over (order by id) as n from people) p
    where n % 120 = ${from})`;

beforeEach(async () => {
  await join(50);
  await withAttempt(database, ({ job }) => job.inBatches(people, skipping, rejecting));
  expect(await touches(database)).toEqual({ 0: SKIPPED, 1: PEOPLE - SKIPPED });
});

test('without a request the walk is complete, and its skipped rows stay recorded', async () => {
  await withAttempt(database, ({ job }) => job.inBatches(people, skipping, doing));
  expect(await skipped()).toHaveLength(SKIPPED);
  expect(await touches(database)).toEqual({ 0: SKIPPED, 1: PEOPLE - SKIPPED });
});

test.each([1, 3])(
  'just the skipped rows are done, and their records removed; %i lanes',
  async (lanes) => {
    await askAgain();
    const sizes = new Set<number>();
    await withAttempt(database, ({ job }) =>
      job.inBatches(people, { ...skipping, lanes }, async (tx, batch) => {
        const rows = await batch.rows({ id: people.id });
        sizes.add(rows.length);
        await job.updateRows(
          tx,
          people,
          people.id,
          rows.map(({ id }) => ({ id, touched: 1, lower: 'x' })),
        );
      }),
    );
    expect(sizes).toEqual(new Set([1]));
    expect(await skipped()).toHaveLength(0);
    expect(await touches(database)).toEqual({ 1: PEOPLE });
  },
);

test('a row that fails again keeps its record, and waits for the next request', async () => {
  await askAgain();
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, skipping, async (tx, batch) => {
      await doing(tx, batch);
      const [row] = await batch.rows({ id: people.id }, { lock: false });
      throw new BadRow(row ? 'changed' : 'still');
    }),
  );
  expect(new Set((await skipped()).map(({ again, reason }) => `${again} ${reason}`))).toEqual(
    new Set(['false still']),
  );
  expect(await touches(database)).toEqual({ 0: SKIPPED, 1: PEOPLE - SKIPPED });
});

test("without onError: 'skip' a row that fails again ends the walk, and stays recorded", async () => {
  await askAgain();
  const walk = withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...byId, where }, rejecting),
  );
  await expect(walk).rejects.toThrow('of the team');
  expect((await skipped()).every(({ again }) => again)).toBe(true);
  expect(await skipped()).toHaveLength(SKIPPED);
});

test('rows that are gone, or need nothing any more, lose their records', async () => {
  const [first, second, ...rest] = await skipped();
  await database.sql`delete from people where id::text = ${first?.key[0] ?? ''}`;
  await database.sql`update people set lower = 'by hand' where id::text = ${second?.key[0] ?? ''}`;
  await askAgain();
  let calls = 0;
  const lines: string[] = [];
  await withAttempt(database, async (attempt) => {
    Object.assign(attempt.log, { info: (line: string) => lines.push(line) });
    await attempt.job.inBatches(people, skipping, async (tx, batch) => {
      calls += 1;
      await doing(tx, batch);
    });
  });
  expect(calls).toBe(rest.length);
  expect(lines).toEqual([
    `walk '1', rows that were skipped: ${rest.length} done, 0 skipped again, 2 not found any more or ` +
      'without anything to do (their records are removed)',
  ]);
  expect(await skipped()).toHaveLength(0);
  expect(await touches(database)).toEqual({ 0: 1, 1: PEOPLE - 2 });
});

test('rows are done once, although attempts are killed, stopped and superseded', async () => {
  await askAgain();
  for (let round = 0; round < 6; round++) {
    const attempt = await beginAttempt(database);
    let left = 1 + (round % 2);
    let next: Promise<TestAttempt> | undefined;
    const walk = attempt.job.inBatches(people, skipping, async (tx, batch) => {
      left -= 1;
      if (left === 0 && round % 3 === 0) attempt.stop(new Error('stop'));
      await doing(tx, batch);
      if (left === 0 && round % 3 === 1)
        await tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`);
      // The claim waits for this transaction, which holds the fence's lock.
      if (left === 0 && round % 3 === 2) next = beginAttempt(database);
    });
    await expect(walk).rejects.toThrow();
    await attempt.end();
    await (await next)?.end();
    const open = (await skipped()).length;
    expect(await touches(database)).toEqual({ 0: open, 1: PEOPLE - open });
  }
  await withAttempt(database, ({ job }) => job.inBatches(people, skipping, doing));
  expect(await skipped()).toHaveLength(0);
  expect(await touches(database)).toEqual({ 1: PEOPLE });
});

test('a row whose transaction meets a deadlock is tried again', async () => {
  await askAgain();
  let failures = 2;
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, skipping, async (tx, batch) => {
      await doing(tx, batch);
      failures -= 1;
      if (failures >= 0)
        await tx.execute(sql.raw("do $$ begin raise exception using errcode = '40P01'; end $$"));
    }),
  );
  expect(await touches(database)).toEqual({ 1: PEOPLE });
});

test('an open walk does its skipped rows first, so that a reached maxSkipped is free again', async () => {
  await join(51);
  await database.sql`truncate long_running_migrations.walks, long_running_migrations.skipped_rows`;
  await database.sql`update people set lower = null, touched = 0`;
  const options = { ...skipping, maxSkipped: SKIPPED };
  const limited = () =>
    withAttempt(database, ({ job }) => job.inBatches(people, options, rejecting));
  await expect(limited()).rejects.toThrow(/its maxSkipped/);
  expect(await skipped()).toHaveLength(SKIPPED);
  await database.sql`update people set team = 0 where id::text in (
    select key[1] from long_running_migrations.skipped_rows)`;
  await askAgain();
  await limited();
  const open = (await skipped()).length;
  expect(open).toBe(SKIPPED);
  expect(await touches(database)).toEqual({ 0: open, 1: PEOPLE - open });
});

test('forEach over a walk with such rows leaves them as they are', async () => {
  await askAgain();
  await withAttempt(database, ({ job }) =>
    job.forEach(people, { ...byId, where }, async () => {
      throw new Error('called');
    }),
  );
  expect((await skipped()).filter(({ again }) => again)).toHaveLength(SKIPPED);
});

test('keys of composite, date and text types find their rows in any session', async () => {
  await database.sql.unsafe(`
    create table days (day date, name text, at timestamptz, done int not null default 0,
      primary key (day, name, at));
    insert into days (day, name, at) values ('2026-02-01', 'a "b", {c}\\', '2026-01-01 10:00:00.123456+00'),
      ('2026-02-01', '', 'infinity'), ('2026-03-04', 'NULL', '2026-06-01 10:00:00+00')`);
  const name = new URL(database.databaseUrl).pathname.slice(1);
  await database.sql.unsafe(`alter database ${name} set DateStyle = 'German'`);
  await database.sql.unsafe(`alter database ${name} set TimeZone = 'Asia/Kolkata'`);
  const table = sql`days`;
  const options = {
    key: [sql`day`, sql`name`, sql`at`],
    throttle: false,
    onError: 'skip',
  } as const;
  const walk = (body: BatchBody) =>
    withAttempt(database, ({ job }) => job.inBatches(table, options, body), '0002_days');
  await walk(async () => {
    throw new BadRow('all');
  });
  expect(await skipped()).toHaveLength(SKIPPED + 3);
  await askAgain();
  await database.sql.unsafe(`alter database ${name} set DateStyle = 'ISO, MDY'`);
  await walk((tx, batch) => tx.execute(sql`update days set done = done + 1 where ${batch}`));
  expect(await database.sql`select done, count(*)::int from days group by 1`).toEqual([
    { done: 1, count: 3 },
  ]);
  expect(await skipped()).toHaveLength(SKIPPED);
  await database.sql.unsafe(`drop table days; alter database ${name} reset all`);
});
