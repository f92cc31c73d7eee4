import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { connect } from '../../../../drizzle/connect';
import { PaceLoop } from '../../../../jobs/context/throttle/paceLoop';
import type { SignalSource, Signals } from '../../../../jobs/context/throttle/signals';
import { useDatabase } from '../../../support/database';
import { waitFor } from '../../../support/waitFor';
import { beginAttempt, type TestAttempt } from '../attempts';

const database = useDatabase();
const numbers = pgTable('numbers', { id: integer('id').primaryKey() });

const NOTHING: Signals = {
  canaryMs: undefined,
  floorMs: undefined,
  drainedMs: undefined,
  foreignPerSecond: undefined,
  nobodyThere: false,
  foreignMs: undefined,
  foreignFloorMs: undefined,
};
/** More than a test can do. */
const ENDLESS = 2_000_000;
/** Small, so that the walk lasts. */
const options = { key: numbers.id, batchSize: { max: 20 } } as const;
const DEADLINE = 60_000;

beforeEach(async () => {
  await database.sql.unsafe(`create table numbers (id integer primary key);
    create table accounts (id integer primary key, balance integer not null default 0);
    insert into accounts select generate_series(1, 1000)`);
});
afterEach(async () => {
  await database.sql.unsafe(
    `drop table numbers, accounts; truncate long_running_migrations.walks,
      long_running_migrations.finished_ranges`,
  );
});

const fill = (rows: number) =>
  database.sql`insert into numbers select generate_series(1, ${rows}::int)`;

/** An attempt whose log is kept. */
async function loggedAttempt(): Promise<TestAttempt & { readonly lines: string[] }> {
  const attempt = await beginAttempt(database);
  const lines: string[] = [];
  const keep = (line: string) => void lines.push(line);
  return Object.assign(attempt, {
    lines,
    log: { debug: keep, info: keep, warn: keep, error: keep },
  });
}

/** What operators see of the throttle now. */
const shown = ({ reports }: TestAttempt): string =>
  String(reports.findLast(({ details }) => details?.['throttle'])?.details?.['throttle'] ?? '');

/** Some hundred transactions a second, until it is ended. */
function application(): { end(): Promise<void> } {
  const pool = connect(database.databaseUrl, { applicationName: 'application', max: 8 });
  let ended = false;
  const user = async () => {
    while (!ended) {
      await pool`update accounts set balance = balance + 1 where id = ${1 + Math.floor(Math.random() * 1000)}`;
      await sleep(10);
    }
  };
  const users = Promise.all(Array.from({ length: 8 }, user));
  return {
    end: async () => {
      ended = true;
      await users;
      await pool.end();
    },
  };
}

test('a walk goes at full speed while nobody is there, and gently while somebody is', async () => {
  await fill(ENDLESS);
  const attempt = await loggedAttempt();
  const touched = attempt.job.inBatches(numbers, { ...options, lanes: 2 }, (tx, batch) =>
    tx.execute(sql`select count(*) from numbers where ${batch}`),
  );
  const stopped = expect(touched).rejects.toThrow('enough');
  const seen = (what: string | RegExp) =>
    waitFor(`'${what}' to be shown`, () => shown(attempt).match(what), DEADLINE);
  await seen(/^2 lanes, 100 ms batches, nobody else is there$/);
  const users = application();
  await seen(/^1 lane.*, application \d+\.\d ×$/);
  await users.end();
  await seen(/^2 lanes, 100 ms batches, nobody else is there$/);
  attempt.stop(new Error('enough'));
  await stopped;
  await attempt.end();
  expect(attempt.lines.filter((line) => / lanes? instead of /.test(line)).slice(0, 3)).toEqual([
    '2 lanes instead of 1: nobody else is there',
    '1 lane instead of 2: somebody else is there',
    '2 lanes instead of 1: nobody else is there',
  ]);
});

test('a bug in the throttle is a line in the log, and the walk is gentle', async () => {
  const attempt = await loggedAttempt();
  let asked = 0;
  const source: SignalSource = {
    start: async () => {},
    ourCommit() {},
    drained: (during) => during(),
    read() {
      asked += 1;
      if (asked > 1) throw new RangeError('a mistake');
      return { ...NOTHING, nobodyThere: true };
    },
  };
  const loop = new PaceLoop(attempt, source);
  const member = { name: 'numbers', lanes: 2, batchMs: 100, slowdown: 1.2 };
  await loop.during(member, async () => {
    await waitFor('the warning', () => attempt.lines.some((line) => line.includes('RangeError')));
    expect(loop.pace).toEqual({ lanes: 1, batchMs: 50, duty: 0.3 });
    expect(loop.lanesOf(member)).toBe(1);
  });
  await attempt.end();
  expect(attempt.lines).toEqual([
    '2 lanes instead of 1: nobody else is there',
    expect.stringMatching(
      /^the throttle has a bug \(RangeError at .*\): the walk goes on with one lane that mostly rests$/,
    ),
    '1 lane instead of 2: nothing is known yet',
  ]);
});

test('walks at the same time share their lanes, and lanes that have to wait end with the walk', async () => {
  await fill(2_000);
  const attempt = await beginAttempt(database);
  const canaries = () => database.sql`select from long_running_migrations.canaries`;
  const canary = waitFor('a canary', async () => (await canaries()).length > 0, DEADLINE);
  let rows = 0;
  const walk = (name: string) =>
    attempt.job.inBatches(numbers, { ...options, name }, async (tx, batch) => {
      const found = await tx.select().from(numbers).where(batch);
      await canary;
      rows += found.length;
    });
  await Promise.all([walk('one'), walk('two')]);
  await walk('three');
  expect(rows).toBe(6_000);
  await attempt.end();
  // The canary's row is gone.
  expect(await canaries()).toHaveLength(0);
});
