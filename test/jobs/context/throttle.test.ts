import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import type { Throttle } from '../../../jobs/context/index';
import { useDatabase } from '../../support/database';
import { beginAttempt, withAttempt } from './attempts';

const database = useDatabase();

const rows = pgTable('rows', { id: integer('id').primaryKey() });

beforeEach(async () => {
  await database.sql.unsafe(`create table rows (id integer primary key);
    insert into rows select generate_series(1, 100)`);
});

afterEach(async () => {
  await database.sql.unsafe(
    'drop table rows; truncate long_running_migrations.walks, long_running_migrations.finished_ranges',
  );
});

/** Walks in batches of at least 20 ms. Returns how many milliseconds it took. */
async function timed(throttle: Throttle, unthrottled = false): Promise<number> {
  const attempt = await beginAttempt(database, undefined, { unthrottled });
  const begun = performance.now();
  await attempt.job.inBatches(rows, { key: rows.id, throttle, batchSize: { max: 10 } }, (tx) =>
    tx.execute(sql`select pg_sleep(0.02)`),
  );
  const ms = performance.now() - begun;
  await attempt.end();
  return ms;
}

test('a lane rests in proportion to its work', async () => {
  expect(await timed({ dutyCycle: 0.2 })).toBeGreaterThan(10 * 20 + 9 * 80);
});

test("an unthrottled attempt ignores the duty cycle and the author's check", async () => {
  const check = () => 'never';
  expect(await timed({ dutyCycle: 0.01, check }, true)).toBeLessThan(5_000);
});

test("batches wait for the author's check, and the progress shows its reason", async () => {
  let asked = 0;
  let batches = 0;
  await withAttempt(database, async ({ job, reports }) => {
    const check = async () => {
      asked += 1;
      expect(batches).toBe(0);
      return asked < 3 ? 'orders are being imported' : undefined;
    };
    await job.inBatches(rows, { key: rows.id, throttle: check }, async () => {
      batches += 1;
    });
    const waits = reports.flatMap(({ waitingFor }) =>
      waitingFor === undefined ? [] : [waitingFor],
    );
    expect(waits).toEqual(['orders are being imported', 'orders are being imported', null]);
  });
  expect(batches).toBe(1);
});

test('a walk that waits for a check stops at once when it has to', async () => {
  const reason = new Error('time is up');
  const waiting = withAttempt(database, ({ job, stop }) =>
    job.inBatches(
      rows,
      {
        key: rows.id,
        throttle: () => {
          setImmediate(() => stop(reason));
          return 'for ever';
        },
      },
      async () => {},
    ),
  );
  await expect(waiting).rejects.toBe(reason);
});
