import { expect, test } from '@jest/globals';
import { waitFor } from '../../support/waitFor';
import { withAttempt } from './attempts';
import { inTens, PEOPLE, people, touch, touches, usePeople } from './people';

const database = usePeople();

test('inBatches runs batches in several lanes at the same time', async () => {
  let running = 0;
  let most = 0;
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...inTens, lanes: 4 }, async (tx, batch) => {
      running += 1;
      most = Math.max(most, running);
      // A session may be slow to open, so the first batches wait for the last lane.
      await waitFor('four batches to run at once', () => most >= 4);
      await tx.update(people).set(touch).where(batch);
      running -= 1;
    }),
  );
  expect(most).toBe(4);
  expect(await touches(database)).toEqual({ 1: PEOPLE });
});

test('no lane is still running after one has failed', async () => {
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
