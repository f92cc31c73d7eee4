import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../../drizzle/connect';
import { applicationName } from '../../drizzle/rows/sessions';
import { useDevServers } from '../support/devServers';
import {
  attempts,
  migration,
  register,
  resultOf,
  runToEnd,
  startRun,
  waitForMigration,
} from '../support/migrations';
import { startPostgres } from '../support/postgres';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();

/** Touches 40 rows one after another, each in a fenced transaction with its checkpoint. */
const LEDGER = `exports.run = async (job) => {
  const { sql } = require('drizzle-orm');
  for (let id = ((await job.checkpoint()) ?? 0) + 1; id <= 40; id++) {
    job.signal.throwIfAborted();
    await job.db.transaction(async (tx) => {
      await job.saveCheckpoint(id, tx);
      await tx.execute(sql\`update ledger set touched = touched + 1 where id = \${id}\`);
    });
    job.progress(id, 40);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};`;
const FAST = { LRM_HEARTBEAT_TIMEOUT: '2 seconds', LRM_RETRY_INITIAL_INTERVAL: '200ms' };

beforeAll(async () => {
  await servers.sql`create table ledger (id int primary key, touched int not null default 0)`;
});

afterEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await servers.sql`truncate ledger`;
});

async function prepare() {
  await servers.sql`insert into ledger (id) select generate_series(1, 40)`;
  await register(servers, '0001_ledger');
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_ledger', LEDGER);
  return jobs;
}

async function expectEachTouchedOnce() {
  const counts = await servers.sql`select touched, count(*)::int from ledger group by touched`;
  expect(counts).toEqual([{ touched: 1, count: 40 }]);
}

test('another worker resumes an attempt whose worker was killed with SIGKILL, and repeats nothing', async () => {
  const jobs = await prepare();
  const first = await servers.startWorker({ jobs, env: FAST });
  const run = await startRun(servers);
  await waitForMigration(servers, '0001_ledger', 'be under way', (row) => Number(row.rowsDone) > 3);
  first.kill('SIGKILL');
  const second = await servers.startWorker({ jobs, env: FAST });

  expect(await run.result()).toMatchObject({ completed: { names: ['0001_ledger'] } });

  await expectEachTouchedOnce();
  expect(await attempts(servers, '0001_ledger')).toMatchObject([
    { outcome: 'interrupted', error: 'its worker stopped sending heartbeats' },
    { outcome: 'completed', error: null },
  ]);
  await second.stop();
});

test('a job whose attempts reach their time limit again and again completes', async () => {
  const jobs = await prepare();
  // An attempt has 4 s − 1 s grace − 2 s. The ledger takes more than 2 s.
  const env = { ...FAST, LRM_START_TO_CLOSE: '4 seconds' };
  const worker = await servers.startWorker({ jobs, env });

  await runToEnd(servers);

  const ended = await attempts(servers, '0001_ledger');
  expect(ended.length).toBeGreaterThanOrEqual(3);
  expect(ended.slice(0, -1).every(({ outcome }) => outcome === 'timed_out')).toBe(true);
  expect(ended.at(-1)).toMatchObject({ outcome: 'completed' });
  await expectEachTouchedOnce();
  await worker.stop();
});

test('after a SIGTERM another worker takes the migration at once, and repeats nothing', async () => {
  const jobs = await prepare();
  // The test would time out if the next attempt waited for either of them.
  const env = {
    LRM_HEARTBEAT_TIMEOUT: '10 minutes',
    LRM_RETRY_INITIAL_INTERVAL: '10 minutes',
    LRM_RETRY_MAXIMUM_INTERVAL: '10 minutes',
  };
  const first = await servers.startWorker({ jobs, env });
  const second = await servers.startWorker({ jobs, env });
  const run = await startRun(servers);
  await waitForMigration(servers, '0001_ledger', 'be under way', (row) => Number(row.rowsDone) > 3);
  const running = (await attempts(servers, '0001_ledger'))[0]?.worker ?? '';
  const [leaving, staying] = running.startsWith(`${first.pid}@`)
    ? [first, second]
    : [second, first];

  expect(await leaving.stop()).toBe(0);
  await waitForMigration(servers, '0001_ledger', 'complete', (row) => row.status === 'completed');
  await resultOf(run);

  const [one, two] = await attempts(servers, '0001_ledger');
  expect(one).toMatchObject({ outcome: 'interrupted' });
  expect(two).toMatchObject({ outcome: 'completed' });
  await expectEachTouchedOnce();
  await staying.stop();
});

test('an attempt that was frozen past its heartbeat timeout cannot write any more', async () => {
  const jobs = await prepare();
  const frozen = await servers.startWorker({ jobs, env: FAST });
  const run = await startRun(servers);
  await waitForMigration(servers, '0001_ledger', 'be under way', (row) => Number(row.rowsDone) > 3);
  frozen.kill('SIGSTOP');
  const second = await servers.startWorker({ jobs, env: FAST });
  await waitForMigration(servers, '0001_ledger', 'be taken over', (row) => row.attempts === 2);
  frozen.kill('SIGCONT');

  await resultOf(run);

  await expectEachTouchedOnce();
  const ended = await attempts(servers, '0001_ledger');
  expect(ended.map(({ outcome }) => outcome)).toEqual(['interrupted', 'completed']);
  await second.stop();
  await frozen.stop();
});

test('a statement in progress ends soon after its worker was killed', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_sleeps', 'exports.run = (job) => job.sql`select pg_sleep(600)`;');
  await register(servers, '0001_sleeps');
  const worker = await servers.startWorker({ jobs, env: FAST });
  const run = await startRun(servers);
  const sleeping = () =>
    servers.sql`select pid from pg_stat_activity where query like '%pg_sleep(600)%' and application_name like 'lrm:%' and datname = current_database()`;
  await waitFor('the job to sleep in the database', async () => (await sleeping()).length === 1);

  worker.kill('SIGKILL');

  await waitFor('the statement to be gone', async () => (await sleeping()).length === 0, 10_000);
  await run.terminate();
});

test('a statement that sleeps in the database past the time limit is ended there', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_sleeps', 'exports.run = (job) => job.sql`select pg_sleep(600)`;');
  await register(servers, '0001_sleeps');
  const worker = await servers.startWorker({
    jobs,
    env: { ...FAST, LRM_START_TO_CLOSE: '4 seconds' },
  });
  const run = await startRun(servers);

  const ended = await waitFor('two attempts to have ended', async () => {
    const all = (await attempts(servers, '0001_sleeps')).filter(({ endedAt }) => endedAt);
    return all.length >= 2 && all;
  });

  expect(ended.every(({ outcome }) => outcome === 'timed_out')).toBe(true);
  const row = await migration(servers, '0001_sleeps');
  const sessions = await servers.sql`
    select application_name from pg_stat_activity
    where datname = current_database() and application_name like 'lrm:%'
      and application_name <> ${applicationName(row.currentAttempt ?? 0n)}`;
  expect(sessions).toEqual([]);
  await run.terminate();
  await worker.stop();
});

test('a job that returns while Postgres restarts is not run again', async () => {
  const postgres = await startPostgres();
  const sql = connect(postgres.url, { applicationName: 'test' });
  const jobs = servers.jobsFolder();
  const [calls, away] = [path.join(jobs.path, 'calls'), path.join(jobs.path, 'away')];
  jobs.writeJob(
    '0001_pure',
    `const { appendFileSync, existsSync } = require('node:fs');
     exports.run = async () => {
       appendFileSync(${JSON.stringify(calls)}, 'x');
       while (!existsSync(${JSON.stringify(away)})) await new Promise((r) => setTimeout(r, 5));
     };`,
  );
  await sql`insert into long_running_migrations.migrations (name) values ('0001_pure')`;
  const worker = await servers.startWorker({ jobs, env: { ...FAST, DATABASE_URL: postgres.url } });
  const run = await startRun(servers);
  await waitFor('the job to begin', () => existsSync(calls));
  const restarted = postgres.restartImmediate();
  writeFileSync(away, '');
  await restarted;

  expect(await run.result()).toMatchObject({ completed: { names: ['0001_pure'] } });

  expect(readFileSync(calls, 'utf8')).toBe('x');
  await worker.stop();
  await sql.end({ timeout: 1 });
  await postgres.stop();
});
