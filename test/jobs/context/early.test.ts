import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { lockExclusive } from '../../../drizzle/rows/fence';
import { Superseded } from '../../../drizzle/rows/superseded';
import type { Range } from '../../../jobs/context/walk/range';
import { TableWalk } from '../../../jobs/context/walk/tableWalk';
import { waitFor } from '../../support/waitFor';
import { beginAttempt, type TestAttempt, withAttempt } from './attempts';
import { inTens, PEOPLE, people, touch, touches, usePeople } from './people';

// While a short batch runs, the transaction of the next one is begun.
const database = usePeople();

/** A transaction that is begun early is begun by then. Milliseconds. */
const SOON = 1_000;

/** Sessions of attempts that are in a transaction, and have nothing to do in it. */
async function waiting(): Promise<number> {
  const [row] = await database.sql<{ n: number }[]>`
    select count(*)::int as n from pg_stat_activity
    where datname = current_database() and application_name like 'lrm:%' and state = 'idle in transaction'`;
  return row?.n ?? 0;
}

test('a batch sees all that the batches before it have committed, and never runs beside one', async () => {
  let running = 0;
  const seen: unknown[] = [];
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, inTens, async (tx, batch) => {
      running += 1;
      expect(running).toBe(1);
      const [found] = await tx.execute<{ n: number }>(
        sql`select count(*)::int as n from people where touched > 0`,
      );
      seen.push(found?.n);
      await tx.update(people).set(touch).where(batch);
      running -= 1;
    }),
  );
  expect(seen).toEqual(Array.from({ length: PEOPLE / 10 }, (_, index) => index * 10));
  expect(await touches(database)).toEqual({ 1: PEOPLE });
});

test('the next transaction is begun while a short batch runs, and not kept for a long one', async () => {
  let batches = 0;
  let begunEarly = 0;
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      batches += 1;
      if (batches % 10 !== 0 || begunEarly > 0) return;
      const two = waitFor('a second transaction', async () => (await waiting()) === 2, SOON);
      // On a busy machine the batch before may not have been short.
      if (!(await two.catch(() => false))) return;
      begunEarly = batches;
      await waitFor('it to be rolled back', async () => (await waiting()) === 1);
    }),
  );
  expect(begunEarly).toBeGreaterThan(0);
  expect(await waiting()).toBe(0);
  expect(await touches(database)).toEqual({ 1: PEOPLE });
});

/** Opens a walk, and gives its first range. */
async function firstRange(attempt: TestAttempt): Promise<{ walk: TableWalk; range: Range }> {
  const options = { key: people.id, durable: false };
  const walk = await TableWalk.open(attempt, attempt.walks, '1', people, options);
  const range = (await walk?.ranges(() => 10).next())?.value;
  if (!walk || !range) throw new Error('no range');
  return { walk, range };
}

/** Does the range in a transaction that was begun early. */
const update = (walk: TableWalk, range: Range, early = walk.beginEarly()) =>
  walk.commit(
    range,
    async (tx) => {
      await tx.execute(sql`update people set touched = touched + 1
        where id <= ${range.upto[0]}::bigint`);
      return true;
    },
    early,
  );

test('a claim waits for a transaction that was begun early, and no later one does anything', async () => {
  const older = await beginAttempt(database);
  try {
    const { walk, range } = await firstRange(older);
    const early = walk.beginEarly();
    await waitFor('the transaction to be entered', async () => (await waiting()) === 1);
    const claimed = withAttempt(database, async () => 'claimed');
    const isWaiting = async () => (await lockWaiters()) === 1;
    await waitFor('the claim to wait', isWaiting);
    await update(walk, range, early);
    expect(await claimed).toBe('claimed');
    expect(await touches(database)).toEqual({ 0: PEOPLE - 10, 1: 10 });
    await expect(update(walk, range)).rejects.toThrow(Superseded);
    expect(await touches(database)).toEqual({ 0: PEOPLE - 10, 1: 10 });
  } finally {
    await older.end();
  }
});

test('a claim does not wait long for a transaction for which no work comes', async () => {
  const older = await beginAttempt(database);
  try {
    const { walk } = await firstRange(older);
    const early = walk.beginEarly();
    await waitFor('the transaction to be entered', async () => (await waiting()) === 1);
    await withAttempt(database, async () => {});
    expect(await early.land({ body: async () => true })).toBeUndefined();
  } finally {
    await older.end();
  }
});

test('a transaction that was begun early is not entered once a newer attempt is claimed', async () => {
  const older = await beginAttempt(database);
  try {
    const { walk, range } = await firstRange(older);
    const newer = await beginAttempt(database, '0002_other');
    let attempted: Promise<unknown> = Promise.resolve();
    await newer.db.transaction(async (tx) => {
      await tx.execute(lockExclusive('0001_walk'));
      const early = walk.beginEarly();
      await waitFor(
        'the transaction to wait for the lock',
        async () => (await lockWaiters()) === 1,
      );
      attempted = update(walk, range, early).catch((error: unknown) => error);
      await tx.execute(sql`update long_running_migrations.migrations set epoch = gen_random_uuid()
        where name = '0001_walk'`);
    });
    expect(await attempted).toBeInstanceOf(Superseded);
    expect(await touches(database)).toEqual({ 0: PEOPLE });
    await newer.end();
  } finally {
    await older.end();
  }
});

async function lockWaiters(): Promise<number> {
  const [row] = await database.sql<{ n: number }[]>`
    select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`;
  return row?.n ?? 0;
}
