import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { BatchOptions } from '../../../jobs/context/index';
import { useDatabase } from '../../support/database';
import { withAttempt } from './attempts';

const database = useDatabase();

beforeEach(() =>
  database.sql.unsafe(`
    create table things (id integer primary key);
    insert into things select generate_series(1, 30)`),
);

afterEach(() =>
  database.sql.unsafe(`
    drop table things;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges`),
);

/** Settings of the batches, each once. */
async function settings(options: Partial<BatchOptions>): Promise<unknown[]> {
  const found = new Set<string>();
  const given = { key: sql`id`, throttle: false, batchSize: { min: 10, max: 10 }, ...options };
  await withAttempt(database, ({ job }) =>
    job.inBatches(sql`things`, given as BatchOptions, async (tx) => {
      const [row] = await tx.execute(sql`select current_setting('synchronous_commit') as commit,
        current_setting('plan_cache_mode') as plans, current_setting('jit') as jit`);
      found.add(JSON.stringify(row));
    }),
  );
  return [...found].map((each) => JSON.parse(each));
}

const PLANS = { plans: 'force_custom_plan', jit: 'off' };

test('batches commit without waiting for the disk, and plan for their own keys', async () => {
  expect(await settings({})).toEqual([{ commit: 'off', ...PLANS }]);
});

test('durable batches wait for the disk, as the database does by default', async () => {
  expect(await settings({ durable: true })).toEqual([{ commit: 'on', ...PLANS }]);
});

test('durable must be true or false', async () => {
  const wrong = settings({ durable: 'yes' as unknown as boolean });
  await expect(wrong).rejects.toThrow('durable is neither true nor false');
});

test('a batch is on disk when its walk is complete', async () => {
  const flushed = async () => {
    const [row] = await database.sql<{ ahead: boolean }[]>`
      select pg_current_wal_flush_lsn() >= ${before}::pg_lsn as ahead`;
    return row?.ahead;
  };
  let before = '0/0';
  await withAttempt(database, ({ job }) =>
    job.inBatches(sql`things`, { key: sql`id`, throttle: false }, async (tx, batch) => {
      await tx.execute(sql`update things set id = id where ${batch}`);
      const [row] = await tx.execute<{ lsn: string }>(
        sql`select pg_current_wal_insert_lsn()::text as lsn`,
      );
      before = row?.lsn ?? before;
    }),
  );
  expect(before).not.toBe('0/0');
  expect(await flushed()).toBe(true);
});
