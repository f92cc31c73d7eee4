import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { DatabaseTime, elsewhere } from '../../../jobs/context/databaseTime';
import type { Throttle } from '../../../jobs/context/index';
import { readThrottle } from '../../../jobs/context/throttle/options';
import { rest, restMs } from '../../../jobs/context/throttle/rest';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { beginAttempt, type TestAttempt, withAttempt } from './attempts';

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

/** A lane would rest more than three minutes after a batch of 20 ms. */
const RESTING = 0.0001;

/** Walks in ten batches of at least 20 ms. `begun` is called at the start of each. */
function walk({ job }: TestAttempt, throttle: Throttle, begun: () => void): Promise<void> {
  const options = { key: rows.id, throttle, batchSize: { min: 10, max: 10 } };
  return job.inBatches(rows, options, (tx) => {
    begun();
    return tx.execute(sql`select pg_sleep(0.02)`);
  });
}

test.each([
  [0.2, 80],
  [0.5, 20],
  [1, 0],
])('with a duty cycle of %d, a lane rests in proportion to its work', (dutyCycle, ms) => {
  expect(restMs(20, dutyCycle)).toBeCloseTo(ms);
});

test('a lane that rests looks again, and goes on when the pace allows it', async () => {
  let duty = 0.0001;
  const { signal } = new AbortController();
  const resting = rest(20, () => duty, signal);
  duty = 1;
  // It would take more than three minutes.
  await resting;
});

test.each<object>([{ dutyCycle: '0.4' }, { slowdown: '1.2' }, { slowdown: null }])(
  'throttle: %j is refused: it is no number',
  (throttle) => {
    const [name] = Object.keys(throttle);
    expect(() => readThrottle(throttle as Throttle)).toThrow(
      `throttle.${name} must be a number, not `,
    );
  },
);

test('a lane rests after a batch, and stops at once when it has to', async () => {
  const reason = new Error('time is up');
  let batches = 0;
  await withAttempt(database, async (attempt) => {
    const resting = walk(attempt, { dutyCycle: RESTING }, () => {
      batches += 1;
    });
    const ended = expect(resting).rejects.toBe(reason);
    await waitFor('the first batch to be stored', () => attempt.kept() > 0);
    // A lane that does not rest would begin more batches meanwhile.
    await sleep(200);
    attempt.stop(reason);
    await ended;
  });
  expect(batches).toBe(1);
});

/** Keeps this thread busy. */
function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

test('a lane does not rest for what its batch did outside of the database', async () => {
  let batches = 0;
  await withAttempt(database, async ({ job }) => {
    // Each batch would rest 100 seconds if its first second counted.
    const throttle = { dutyCycle: 0.01 };
    const options = { key: rows.id, throttle, batchSize: { min: 50, max: 50 } };
    await job.inBatches(rows, options, async () => {
      batches += 1;
      await elsewhere(() => sleep(500));
      spin(500);
    });
  });
  expect(batches).toBe(2);
});

test("work elsewhere counts once while it overlaps, and lanes share their thread's time", async () => {
  const overlapping = new DatabaseTime();
  await overlapping.during(async () => {
    const wait = () => elsewhere(() => sleep(100));
    await Promise.all([wait(), wait(), sleep(300)]);
  });
  const spinning = new DatabaseTime();
  spin(200);
  expect(overlapping.read(1).databaseMs).toBeGreaterThan(110);
  expect(overlapping.read(1).ms).toBeGreaterThan(290);
  expect(spinning.read(4).databaseMs).toBeGreaterThan(140);
});

test("an unthrottled attempt ignores the duty cycle and the author's check", async () => {
  const attempt = await beginAttempt(database, undefined, { unthrottled: true });
  let batches = 0;
  await walk(attempt, { dutyCycle: RESTING, check: () => 'never' }, () => {
    batches += 1;
  });
  await attempt.end();
  expect(batches).toBe(10);
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
    await job.inBatches(
      rows,
      { key: rows.id, throttle: check, batchSize: { min: 100 } },
      async () => {
        batches += 1;
      },
    );
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
