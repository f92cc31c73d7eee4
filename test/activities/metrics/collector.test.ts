import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { Runtime } from '@temporalio/worker';
import pino from 'pino';
import { Collector } from '../../../activities/metrics/collector';
import { createInstruments, type Instruments } from '../../../activities/metrics/instruments';
import { openOwnDatabase } from '../../../drizzle/workerDatabase';
import { temporalMeter } from '../../../worker/temporalMeter';
import { useDatabase } from '../../support/database';
import { freeAddress } from '../../support/freeAddress';
import { scrape } from '../../support/scrape';

const database = useDatabase();
const log = pino({ level: 'silent' });
let address: string;
let instruments: Instruments;

beforeAll(async () => {
  address = await freeAddress();
  // Without the suffix that the worker's own runtime adds: names are the same.
  Runtime.install({ telemetryOptions: { metrics: { prometheus: { bindAddress: address } } } });
  const meter = temporalMeter();
  if (!meter) throw new Error('no meter');
  instruments = createInstruments(meter);
});

afterEach(() => database.sql`truncate long_running_migrations.migrations cascade`);

/** Lets a collector look once. */
async function look(): Promise<{ collector: Collector; close: () => Promise<void> }> {
  const db = openOwnDatabase(database.databaseUrl);
  const collector = new Collector(db, log, instruments);
  await collector.run();
  const close = async () => {
    collector.close();
    await db.$client.end();
  };
  return { collector, close };
}

const of = (migration: string) => ({ migration });

test('targets of one file add up, and what is not known has no value', async () => {
  await database.sql`
    insert into long_running_migrations.migrations
      (name, status, rows_done, rows_total, attempts, created_at, waits_for) values
    ('0001_a:one', 'completed', 100, null, 1, now(), null),
    ('0001_a:two', 'in_progress', 50, 200, 1, now(), null),
    ('0001_a:three', 'created', 0, null, 0, now() - interval '1 hour', 'waits for 0009_z'),
    ('0002_b', 'created', 0, null, 0, now() - interval '2 minutes', null),
    ('0003_c', 'in_progress', 7, null, 1, now(), null)`;
  const { close } = await look();
  const page = await scrape(address);
  await close();
  expect(page.value('lrm_migrations', { status: 'in_progress' })).toBe(2);
  expect(page.value('lrm_migrations', { status: 'paused' })).toBe(0);
  expect(page.value('lrm_migration_status', { ...of('0001_a'), status: 'completed' })).toBe(1);
  expect(page.value('lrm_migration_rows_done', of('0001_a'))).toBe(150);
  // Of the third target nobody knows.
  expect(page.value('lrm_migration_rows', of('0001_a'))).toBeNaN();
  expect(page.value('lrm_migration_done_ratio', of('0001_a'))).toBeCloseTo((1 + 0.25 + 0) / 3);
  expect(page.value('lrm_migration_done_ratio', of('0003_c'))).toBeNaN();
  expect(page.value('lrm_oldest_pending_seconds', { explained: 'true' })).toBeGreaterThan(3_599);
  const unexplained = page.value('lrm_oldest_pending_seconds', { explained: 'false' });
  expect(unexplained).toBeGreaterThan(119);
  expect(unexplained).toBeLessThan(600);
  expect(page.value('lrm_database_up')).toBe(1);
});

test('seconds since progress go on through attempts, and begin anew with rows and an operator', async () => {
  const since = async () => {
    const { close } = await look();
    const page = await scrape(address);
    await close();
    return page.value('lrm_migration_since_progress_seconds', of('0001_a')) ?? Number.NaN;
  };
  const update = (set: string) =>
    database.sql.unsafe(`update long_running_migrations.migrations set ${set}`);
  await database.sql`
    insert into long_running_migrations.migrations (name, status, started_at, progressed_at) values
    ('0001_a', 'in_progress', now() - interval '3 hours', now() - interval '2 hours')`;
  expect(await since()).toBeGreaterThan(7_199);
  // Heartbeats and a next attempt are no progress.
  await update('updated_at = now(), attempts = attempts + 1, waits_for = null, step = null');
  expect(await since()).toBeGreaterThan(7_199);
  for (const progress of ['rows_done = 1', 'checkpoint_version = 1', "step = 'index: 2 %'"]) {
    await update(progress);
    expect(await since()).toBeLessThan(60);
    await update("progressed_at = now() - interval '2 hours'");
  }
  await update("status = 'failed'");
  expect(await since()).toBeNaN();
  await update("status = 'in_progress'");
  expect(await since()).toBeLessThan(60);
});

test('the time left is at the speed of the attempt that runs, as lrm status has it', async () => {
  await database.sql`
    insert into long_running_migrations.migrations (name, status, rows_done, rows_total, attempts)
    values ('0001_a', 'in_progress', 4000, 10000, 2), ('0002_b', 'in_progress', 0, 10000, 1)`;
  await database.sql`
    insert into long_running_migrations.attempts
      (migration, number, worker, run_id, rows_done, started_at, heartbeat_at) values
    ('0001_a', 1, 'w', 'r', 3000, now() - interval '2 hours', now() - interval '1 hour'),
    ('0001_a', 2, 'w', 'r', 1000, now() - interval '130 seconds', now() - interval '30 seconds'),
    ('0002_b', 1, 'w', 'r', 0, now() - interval '130 seconds', now())`;
  const { close } = await look();
  const page = await scrape(address);
  await close();
  expect(page.value('lrm_migration_remaining_seconds', of('0001_a'))).toBeCloseTo(600, 0);
  expect(page.value('lrm_migration_remaining_seconds', of('0002_b'))).toBeNaN();
  expect(page.value('lrm_migration_silent_seconds', of('0001_a'))).toBeGreaterThan(29);
});

test('what ended before this worker began has no series, unless it failed', async () => {
  await database.sql`
    insert into long_running_migrations.migrations (name, status, updated_at) values
    ('0011_old', 'completed', now() - interval '2 days'),
    ('0012_new', 'completed', now()),
    ('0013_old', 'failed', now() - interval '2 days')`;
  const { close } = await look();
  const page = await scrape(address);
  await close();
  expect(page.value('lrm_migrations', { status: 'completed' })).toBe(2);
  expect(page.value('lrm_migration_rows_done', of('0011_old'))).toBeUndefined();
  expect(page.value('lrm_migration_rows_done', of('0012_new'))).toBeDefined();
  expect(page.value('lrm_migration_status', { ...of('0013_old'), status: 'failed' })).toBe(1);
});

test('gauges say nothing of a registration that is gone, nor when the database is away', async () => {
  await database.sql`
    insert into long_running_migrations.migrations (name) values ('0001_a'), ('0002_b')`;
  const db = openOwnDatabase(database.databaseUrl);
  const collector = new Collector(db, log, instruments);
  await collector.run();
  await database.sql`delete from long_running_migrations.migrations where name = '0001_a'`;
  await collector.run();
  const without = await scrape(address);
  expect(without.value('lrm_migration_rows_done', of('0001_a'))).toBeNaN();
  expect(without.value('lrm_migration_rows_done', of('0002_b'))).toBe(0);
  await db.$client.end();
  await collector.run();
  const away = await scrape(address);
  collector.close();
  expect(away.value('lrm_database_up')).toBe(0);
  expect(away.value('lrm_migrations', { status: 'created' })).toBeNaN();
  expect(away.value('lrm_migration_status', { ...of('0002_b'), status: 'created' })).toBeNaN();
  expect((await scrape(address)).value('lrm_database_up')).toBeNaN();
});
