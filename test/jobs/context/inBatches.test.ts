import { expect, test } from '@jest/globals';
import { eq, isNull, or, sql } from 'drizzle-orm';
import { withAttempt } from './attempts';
import { byId, inTens, PEOPLE, people, touch, touches, usePeople } from './people';

const database = usePeople();

test('inBatches visits every row once, each batch in its own transaction', async () => {
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
  expect(await touches(database)).toEqual({ 1: PEOPLE });
});

test('inBatches reports the table size from the first batch on', async () => {
  await database.sql`analyze people`;
  await withAttempt(database, async ({ job, reports }) => {
    await job.inBatches(people, inTens, (tx, batch) => tx.update(people).set(touch).where(batch));
    expect(reports[0]).toMatchObject({ done: 0, total: PEOPLE });
    expect(reports[1]).toMatchObject({ done: 10, total: PEOPLE, details: { walk: '1', lanes: 1 } });
  });
});

test('inBatches goes in key order, or backwards if asked to', async () => {
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
  expect(await touches(database)).toEqual({ 1: PEOPLE });
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...inTens, name: 'or', where }, (tx, batch) =>
      tx.update(people).set(touch).where(batch),
    ),
  );
  const [{ rows } = { rows: 0 }] = await database.sql<{ rows: number }[]>`
    select count(*)::int as rows from people where team = 3`;
  expect(await touches(database)).toEqual({ 1: PEOPLE - rows, 2: rows });
});

test('inBatches runs no batch for an empty table, or when nothing matches', async () => {
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

test('inBatches rolls back a batch that fails, and does not store it as done', async () => {
  const failing = withAttempt(database, ({ job }) =>
    job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      throw new Error('not today');
    }),
  );
  await expect(failing).rejects.toThrow('not today');
  expect(await touches(database)).toEqual({ 0: PEOPLE });
  expect(await database.sql`select * from long_running_migrations.finished_ranges`).toHaveLength(0);
});

test('inBatches does not store a batch as done after the author caught an error of Postgres', async () => {
  const careless = withAttempt(database, ({ job }) =>
    job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      await tx.execute(sql`select 1 / 0`).catch(() => {});
    }),
  );
  await expect(careless).rejects.toThrow();
  expect(await database.sql`select * from long_running_migrations.finished_ranges`).toHaveLength(0);
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
