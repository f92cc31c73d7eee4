import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { connect, type Sql } from '../../../drizzle/connect';
import { applicationName } from '../../../drizzle/rows/sessions';
import { startPostgres, type TestPostgres } from '../../support/postgres';
import { waitFor } from '../../support/waitFor';
import { beginAttempt, type TestAttempt } from './attempts';

const ledger = pgTable('ledger', {
  id: integer('id').primaryKey(),
  touched: integer('touched').notNull(),
});

const ROWS = 3_000;
/**
 * Slow enough that the walk takes a dozen attempts on the fastest machine, with any number of
 * lanes.
 */
const BATCH_SECONDS = 0.015;
/** Each crash of the server takes a second. */
const CRASHES_AT_MOST = 3;

/** A blow comes at a random moment. The longest wait for it grows while attempts store nothing. */
const SHORTEST_MS = 150;
const GROWTH = 1.1;

let server: TestPostgres;
let database: { databaseUrl: string; sql: Sql };

beforeAll(async () => {
  server = await startPostgres();
  database = {
    databaseUrl: server.url,
    sql: connect(server.url, { applicationName: 'test', max: 1 }),
  };
});

afterAll(() => database.sql.end({ timeout: 1 }));

const CRASH = 'loses the server';

/** What can end an attempt, or look like its end, at any moment. */
const blows: Record<string, (attempt: TestAttempt) => Promise<unknown>> = {
  'is asked to stop': async (attempt) => attempt.stop(new Error('asked to stop')),
  'loses its sessions': (attempt) => terminateSessions(attempt),
  'loses one session': (attempt) => terminateSessions(attempt, 1),
  // Its sessions stay open. Only the fence stops it.
  'is superseded': async () => {},
  [CRASH]: async () => {
    await server.restartImmediate();
    await waitFor('Postgres to be back', () => database.sql`select 1`.catch(() => false));
  },
};

test.each([
  { lanes: 1, order: 'ascending' },
  { lanes: 4, order: 'ascending' },
  { lanes: 4, order: 'descending' },
])(
  'inBatches with $lanes lanes, $order, touches each row exactly once, whatever is killed',
  async ({ lanes, order }) => {
    await createLedger();
    const migration = `0001_lanes_${lanes}_${order}`;
    const descending = order === 'descending';
    const stragglers: Promise<unknown>[] = [];
    let attempts = 0;
    let crashes = 0;
    let longest = SHORTEST_MS;
    for (let completed = false; !completed; attempts++) {
      const attempt = await beginAttempt(database, migration);
      const walk = attempt.job
        .inBatches(
          ledger,
          { key: ledger.id, lanes, descending, throttle: false, batchSize: { max: 20 } },
          async (tx, batch) => {
            await tx.update(ledger).set({ touched: sql`touched + 1` }).where(batch);
            await tx.execute(sql`select pg_sleep(${BATCH_SECONDS * lanes})`);
          },
        )
        .then(() => true)
        .catch(() => false);
      const blow = pick(
        Object.keys(blows).filter((each) => each !== CRASH || crashes < CRASHES_AT_MOST),
      );
      if (blow === CRASH) crashes += 1;
      await sleep(Math.random() * longest);
      // On a busy machine an attempt may need longer than this until its first batch is stored.
      longest = attempt.kept() > 0 ? Math.max(SHORTEST_MS, longest / GROWTH) : longest * GROWTH;
      await blows[blow]?.(attempt);
      // The next attempt begins without waiting for the end of this one.
      completed = await Promise.race([walk, sleep(Math.random() * 20, false)]);
      stragglers.push(walk.then(() => attempt.end()));
    }
    await Promise.all(stragglers);
    expect(await touches()).toEqual([{ touched: 1, rows: ROWS }]);
    expect(attempts).toBeGreaterThan(12);
  },
  // A hundred attempts or more. Most of them end before they have done anything.
  240_000,
);

async function createLedger(): Promise<void> {
  await database.sql.unsafe(`
    drop table if exists ledger;
    create table ledger (id integer primary key, touched integer not null);
    insert into ledger select i * 7, 0 from generate_series(1, ${ROWS}) i`);
}

function touches() {
  return database.sql`select touched, count(*)::int as rows from ledger group by 1`;
}

async function terminateSessions(attempt: TestAttempt, atMost = 100): Promise<void> {
  await database.sql`
    select pg_terminate_backend(pid) from (
      select pid from pg_stat_activity where application_name = ${applicationName(attempt.id)}
      order by random() limit ${atMost}) sessions`;
}

function pick<T>(choices: readonly T[]): T {
  return choices[Math.floor(Math.random() * choices.length)] as T;
}
