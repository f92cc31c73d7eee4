import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { useDatabase } from '../../support/database';
import { withAttempt } from './attempts';

// A walk that failed is not done, whatever run() does with its error.
const database = useDatabase();
const transient = Object.assign(new Error('the service is down'), { code: 'ECONNRESET' });

beforeEach(() =>
  database.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    create table other (id integer primary key);
    insert into ledger select generate_series(1, 100)`),
);

afterEach(() =>
  database.sql.unsafe(`
    drop table ledger, other;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges`),
);

const options = { key: sql`id`, throttle: false, batchSize: { min: 10, max: 10 } } as const;
const failing = async () => {
  throw transient;
};
const nothing = async () => {};

test('a walk whose error run() caught is unfinished, with that error as the cause', async () => {
  await withAttempt(database, async ({ job, walks }) => {
    await Promise.allSettled([job.inBatches(sql`ledger`, options, failing)]);
    await job.inBatches(sql`other`, options, nothing);
    expect(() => walks.requireComplete()).toThrow(
      expect.objectContaining({
        name: 'UnfinishedWalk',
        message: expect.stringContaining("walk '1' failed in this attempt, and run() returned"),
        cause: transient,
      }),
    );
  });
});

test.each([
  ['by its number', {}],
  ['by its name', { name: 'lower' }],
])('a walk that failed, known %s, does not begin again in the same attempt', async (_, named) => {
  await withAttempt(database, async ({ job }) => {
    const touched = new Set<string>();
    await job
      .inBatches(sql`ledger`, { ...options, ...named }, async (_tx, batch) => {
        if (touched.size === 30) throw transient;
        for (const { id } of await batch.rows({ id: sql<string>`id` })) touched.add(id);
      })
      .catch(() => {});
    let again = 0;
    const second = job.inBatches(sql`ledger`, { ...options, ...named }, async () => {
      again += 1;
    });
    await expect(second).rejects.toMatchObject({ name: 'UnfinishedWalk', cause: transient });
    expect(again).toBe(0);
  });
});

test('a walk that still runs when run() returns is an error that says so', async () => {
  await withAttempt(database, async ({ job, walks }) => {
    let proceed: () => void = () => {};
    const entered = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    const walk = job.inBatches(sql`ledger`, options, async () => proceed());
    await entered;
    expect(() => walks.requireComplete()).toThrow(
      /run\(\) returned while its walk '1' was still running: await it/,
    );
    await walk;
    walks.requireComplete();
  });
});
