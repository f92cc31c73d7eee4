import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import {
  attempts,
  failureOf,
  migration,
  register,
  runToEnd,
  startRun,
  waitForMigration,
} from '../support/migrations';

const servers = useDevServers();
const DONE = 'exports.run = async () => {};';

afterEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
});

test('a run completes what is registered, in order of registration', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_first', DONE);
  jobs.writeJob('0002_second', DONE);
  const worker = await servers.startWorker({ jobs });
  await register(servers, '0002_second', '0001_first');

  const result = await runToEnd(servers);

  expect(result.completed).toEqual({ count: 2, names: ['0002_second', '0001_first'] });
  const row = await migration(servers, '0001_first');
  expect(row).toMatchObject({
    status: 'completed',
    attempts: 1,
    error: null,
    currentAttempt: null,
  });
  expect(row.completedAt).toBeInstanceOf(Date);
  expect(await attempts(servers, '0001_first')).toMatchObject([
    { number: 1, outcome: 'completed' },
  ]);
  expect(await worker.stop()).toBe(0);
});

test('a run executes a migration that is registered with plain SQL during the run', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_long',
    `exports.run = async (job) => {
    for (;;) {
      const [{ n }] = await job.sql\`select count(*)::int as n from long_running_migrations.migrations\`;
      if (n === 2) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };`,
  );
  jobs.writeJob('0002_meanwhile', DONE);
  const worker = await servers.startWorker({ jobs });
  await register(servers, '0001_long');
  const run = await startRun(servers);
  await waitForMigration(servers, '0001_long', 'run', (row) => row.status === 'in_progress');

  await register(servers, '0002_meanwhile');

  expect(await run.result()).toMatchObject({
    completed: { names: ['0001_long', '0002_meanwhile'] },
  });
  await worker.stop();
});

test('50 concurrent starts give one run', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_once', DONE);
  await register(servers, '0001_once');
  const starts = await Promise.allSettled(
    Array.from({ length: 50 }, () =>
      servers.client.workflow.start('executeLongRunningMigrations', {
        workflowId: 'long-running-migrations',
        taskQueue: 'long-running-migrations',
      }),
    ),
  );

  const started = starts.filter((start) => start.status === 'fulfilled');
  expect(started).toHaveLength(1);
  const worker = await servers.startWorker({ jobs });
  const run = servers.client.workflow.getHandle('long-running-migrations');
  expect(await run.result()).toMatchObject({ completed: { names: ['0001_once'] } });
  expect(await attempts(servers, '0001_once')).toHaveLength(1);
  await worker.stop();
});

test('a failed migration does not stop the others', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_fails', 'exports.run = async () => { undefined.nothing; };');
  jobs.writeJob('0002_works', DONE);
  const worker = await servers.startWorker({ jobs });
  await register(servers, '0001_fails', '0002_works');

  const result = await runToEnd(servers);

  expect(result).toMatchObject({
    completed: { names: ['0002_works'] },
    failed: { names: ['0001_fails'] },
  });
  expect((await migration(servers, '0001_fails')).error).toMatch(
    /^TypeError at 0001_fails.js:1:\d+\. Another/,
  );
  await worker.stop();
});

test('a run in which a migration failed ends as failed, naming it; the next one does not', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_fails', 'exports.run = async () => { undefined.nothing; };');
  jobs.writeJob('0002_works', DONE);
  const worker = await servers.startWorker({ jobs });
  await register(servers, '0001_fails');

  expect(await failureOf(await startRun(servers))).toMatchObject({
    type: 'MigrationsFailed',
    nonRetryable: true,
    message: 'failed: 0001_fails. Their errors, and what to type: npx lrm status',
  });
  // An old failure must not make every later run fail.
  await register(servers, '0002_works');
  expect(await failureOf(await startRun(servers))).toBeUndefined();
  await worker.stop();
});

test('a migration that failed and was retried in the same run is counted once, by its last end', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_holds', UNTIL_RETRIED);
  jobs.writeJob(
    '0002_retried',
    "exports.run = async (job) => { if (job.attempt === 1) throw new TypeError('once'); };",
  );
  const worker = await servers.startWorker({ jobs, env: { LRM_MAX_CONCURRENT: '2' } });
  await register(servers, '0001_holds', '0002_retried');
  const run = await startRun(servers);
  await waitForMigration(servers, '0002_retried', 'fail', (row) => row.status === 'failed');

  expect((await servers.lrm('retry', '0002_retried')).code).toBe(0);

  expect(await run.result()).toMatchObject({ completed: { count: 2 }, failed: { count: 0 } });
  await worker.stop();
});

const UNTIL_RETRIED = `exports.run = async (job) => {
  const done = () => job.sql\`
    select from long_running_migrations.migrations where name = '0002_retried' and status = 'completed'\`;
  while ((await done()).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
};`;

test('a migration whose dependency is not done is not started, and the reason is on its row', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_later', `exports.dependsOn = ['0002_missing']; ${DONE}`);
  jobs.writeJob('0003_chained', `exports.dependsOn = ['0004_first']; ${DONE}`);
  jobs.writeJob('0004_first', DONE);
  const worker = await servers.startWorker({ jobs });
  await register(servers, '0001_later', '0003_chained', '0004_first');

  const result = await runToEnd(servers);

  expect(result.completed.names).toEqual(['0004_first', '0003_chained']);
  const reason = 'waits for 0002_missing (not registered)';
  expect(result.left).toEqual({ count: 1, first: [{ name: '0001_later', reason }] });
  expect(await migration(servers, '0001_later')).toMatchObject({
    status: 'created',
    attempts: 0,
    waitsFor: reason,
  });
  await worker.stop();
});

test('a worker without the code does not change the row and counts no attempt', async () => {
  const jobs = servers.jobsFolder();
  const worker = await servers.startWorker({ jobs });
  await register(servers, '0001_newer');

  const result = await runToEnd(servers);

  expect(result.left).toMatchObject({ count: 1, first: [{ name: '0001_newer' }] });
  expect(await migration(servers, '0001_newer')).toMatchObject({ status: 'created', attempts: 0 });
  expect(
    worker.log().some((line) => line['level'] === 'warn' && line['migration'] === '0001_newer'),
  ).toBe(true);
  await worker.stop();
});

test('a completed migration is never run again', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_done', 'exports.run = async () => { throw new Error("run again"); };');
  const worker = await servers.startWorker({ jobs });
  await servers.sql`insert into long_running_migrations.migrations (name, status) values ('0001_done', 'completed')`;

  const result = await runToEnd(servers);

  expect(result.failed.count).toBe(0);
  expect(await attempts(servers, '0001_done')).toHaveLength(0);
  await worker.stop();
});

test('a name can be as long as a file name', async () => {
  // 255 characters including '.js' is the limit of file systems.
  const name = `0001_${'x'.repeat(247)}`;
  const jobs = servers.jobsFolder();
  jobs.writeJob(name, DONE);
  const worker = await servers.startWorker({ jobs });
  await register(servers, name);

  expect(await runToEnd(servers)).toMatchObject({ completed: { count: 1 } });
  await worker.stop();
});

test('a job that is not a file, or depends on an invalid name, does not stop the others', async () => {
  const jobs = servers.jobsFolder();
  mkdirSync(path.join(jobs.path, '0001_folder.js'));
  symlinkSync('/nowhere', path.join(jobs.path, '0002_dangling.js'));
  jobs.writeJob('0003_odd', `exports.dependsOn = ['a\\0b']; ${DONE}`);
  jobs.writeJob('0004_works', DONE);
  const worker = await servers.startWorker({ jobs });
  await register(servers, '0001_folder', '0002_dangling', '0003_odd', '0004_works');

  const result = await runToEnd(servers);

  expect(result).toMatchObject({
    completed: { names: ['0004_works'] },
    failed: { names: ['0003_odd'] },
    left: { count: 2 },
  });
  await worker.stop();
});
