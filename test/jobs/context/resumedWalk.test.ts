import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { withAttempt } from './attempts';
import { byId, inTens, PEOPLE, people, touch, touches, usePeople } from './people';

const database = usePeople();

test('inBatches continues where the attempt before was stopped, and repeats nothing', async () => {
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
  expect(await touches(database)).toEqual({ 0: PEOPLE - 300, 1: 300 });
  await withAttempt(database, async ({ job, reports }) => {
    await job.inBatches(people, inTens, (tx, batch) => tx.update(people).set(touch).where(batch));
    expect(reports[0]).toMatchObject({ done: 300 });
  });
  expect(await touches(database)).toEqual({ 1: PEOPLE });
});

test('inBatches skips a walk that is complete', async () => {
  const walk = () =>
    withAttempt(database, ({ job }) =>
      job.inBatches(people, inTens, (tx, batch) => tx.update(people).set(touch).where(batch)),
    );
  await walk();
  await walk();
  expect(await touches(database)).toEqual({ 1: PEOPLE });
});

test('inBatches skips a complete walk whose table was dropped', async () => {
  const walk = () =>
    withAttempt(database, ({ job }) => job.inBatches(people, byId, async () => {}));
  await walk();
  await database.sql`drop table people`;
  await walk();
});

test('inBatches ends at the key that was the last one when the walk began', async () => {
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      await tx.execute(sql`insert into people (id, team) select max(id) + 1, 0 from people`);
    }),
  );
  expect(await touches(database)).toEqual({ 0: PEOPLE / 10, 1: PEOPLE });
});

test('inBatches changes nothing more in an attempt that has been superseded', async () => {
  let claim: Promise<void> | undefined;
  const old = withAttempt(database, ({ job }) =>
    job.inBatches(people, inTens, async (tx, batch) => {
      await tx.update(people).set(touch).where(batch);
      // The claim of the new attempt waits for this batch to end, so this batch can't wait for the
      // claim.
      claim ??= withAttempt(database, async () => {});
    }),
  );
  await expect(old).rejects.toMatchObject({ name: 'Superseded' });
  await claim;
  const done = await touches(database);
  expect(done['1']).toBeGreaterThanOrEqual(10);
  const rows = await database.sql<{ rows: string }[]>`
    select coalesce((select sum(rows) from long_running_migrations.finished_ranges), 0)
      + (select sum(rows_done) from long_running_migrations.walks) as rows`;
  expect(Number(rows[0]?.rows)).toBe(done['1']);
});

test('inBatches continues each of two walks in one job', async () => {
  for (let attempt = 0; attempt < 3; attempt++) {
    await withAttempt(database, async ({ job }) => {
      await job.inBatches(people, inTens, (tx, batch) => tx.update(people).set(touch).where(batch));
      await job.inBatches(people, { ...inTens, descending: true }, (tx, batch) =>
        tx.update(people).set(touch).where(batch),
      );
    });
  }
  expect(await touches(database)).toEqual({ 2: PEOPLE });
});
