import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { type Database, database as drizzle, type Transaction } from '../../../drizzle/database';
import { readMigrations } from '../../../drizzle/rows/status';
import { inTransaction } from '../../../drizzle/transaction';
import { useDatabase } from '../../support/database';
import { insertMigration } from './rows';

const database = useDatabase();
const NAME = '0001_changes';
const TIMEOUT = 30_000;

let db: Database;

beforeEach(async () => {
  db = drizzle(database.sql);
  await insertMigration(database.sql, NAME, 'in_progress');
});

afterEach(async () => {
  await database.sql`truncate long_running_migrations.migrations cascade`;
});

test('the last attempt with other code is found wherever it is', async () => {
  const hash = fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { freq: 8 });
  const history = fc.array(fc.tuple(hash, fc.integer({ min: 1, max: 7 })), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(history, fc.nat(10), async (parts, begun) => {
      const hashes = parts.flatMap(([each, times]) => Array.from({ length: times }, () => each));
      await insertAttempts(hashes, begun);
      const [view] = await readMigrations(db, TIMEOUT);
      expect(view?.jobChangedSince).toBe(changedSince(hashes, begun));
    }),
    { numRuns: 60, seed: 16 },
  );
});

test('a status does not read all attempts of a year', async () => {
  await insertAttempts(
    Array.from({ length: 3_000 }, () => 'a'),
    0,
  );
  // Of one in progress, the latest attempts are counted, too: how is the planner's choice.
  await database.sql`update long_running_migrations.migrations set status = 'completed'`;
  await database.sql`analyze long_running_migrations.attempts`;
  const read = await inTransaction(db, async (tx) => {
    // The server adds a transaction's counts to what its session has not reported yet.
    const before = await readRows(tx);
    await readMigrations(tx as unknown as Database, TIMEOUT);
    return (await readRows(tx)) - before;
  });
  expect(read).toBeGreaterThan(0);
  expect(read).toBeLessThan(100);
});

/** Rows of `attempts` that this session has read. */
async function readRows(tx: Transaction): Promise<number> {
  const [row] = await tx.execute<{ read: number }>(sql`
    select (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as read
    from pg_stat_xact_user_tables
    where schemaname = 'long_running_migrations' and relname = 'attempts'`);
  if (!row) throw new Error('the server counts nothing of long_running_migrations.attempts');
  return row.read;
}

/** The migration began at its start with attempt `begun`, counted from 0. */
async function insertAttempts(hashes: readonly (string | null)[], begun: number): Promise<void> {
  await database.sql`truncate long_running_migrations.attempts cascade`;
  await database.sql`
    insert into long_running_migrations.attempts
      (migration, number, worker, run_id, job_hash, started_at, ended_at, outcome)
    select ${NAME}, n, '1@test', 'run', hash, timestamptz '2026-01-01' + n * interval '1 hour',
      now(), 'interrupted'
    from unnest(${[...hashes]}::text[]) with ordinality as each (hash, n)`;
  await database.sql`
    update long_running_migrations.migrations
    set started_at = timestamptz '2026-01-01' + ${begun + 1} * interval '1 hour', attempts = ${hashes.length}`;
}

/** What it means, without a thought of speed. */
function changedSince(hashes: readonly (string | null)[], begun: number): number | null {
  const own = hashes.at(-1);
  if (own === undefined || own === null) return null;
  const other = hashes.findLastIndex((hash, at) => at >= begun && hash !== null && hash !== own);
  return other < 0 ? null : other + 1;
}
