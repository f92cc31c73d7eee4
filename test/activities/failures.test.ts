import { afterEach, describe, expect, test } from '@jest/globals';
import { tsToMs } from '@temporalio/common/lib/time';
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

const servers = useDevServers();
const FAST = {
  LRM_HEARTBEAT_TIMEOUT: '3 seconds',
  LRM_RETRY_INITIAL_INTERVAL: '100ms',
  LRM_RETRY_MAXIMUM_INTERVAL: '400ms',
};

afterEach(() => servers.sql`truncate long_running_migrations.migrations cascade`);

describe('failures of attempts', () => {
  test('of an unknown kind fail the migration after LRM_MAX_FAILURES in a row', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob('0001_unlucky', 'exports.run = async () => { throw new Error("out of luck"); };');
    await register(servers, '0001_unlucky');
    const worker = await servers.startWorker({ jobs, env: { ...FAST, LRM_MAX_FAILURES: '3' } });

    expect(await runToEnd(servers)).toMatchObject({ failed: { names: ['0001_unlucky'] } });

    const ended = await attempts(servers, '0001_unlucky');
    expect(ended.map(({ outcome }) => outcome)).toEqual(['retried', 'retried', 'failed']);
    expect((await migration(servers, '0001_unlucky')).error).toMatch(
      /^Error: out of luck at 0001_unlucky\.js:1:\d+\. 3 failures in a row without progress: .*npx lrm retry 0001_unlucky$/,
    );
    await worker.stop();
  });

  test('with LRM_MAX_FAILURES=1 the first one fails the migration', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob('0001_once', 'exports.run = async () => { throw new Error("once"); };');
    await register(servers, '0001_once');
    const worker = await servers.startWorker({ jobs, env: { ...FAST, LRM_MAX_FAILURES: '1' } });
    await runToEnd(servers);
    expect(await attempts(servers, '0001_once')).toMatchObject([{ outcome: 'failed' }]);
    expect((await migration(servers, '0001_once')).error).toMatch(
      /It made no progress, and one failure without any is the limit: fix the job or the data, /,
    );
    await worker.stop();
  });

  test('are counted from 0 again after each attempt that made progress', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob(
      '0001_step_by_step',
      `exports.options = { maxFailures: 2 };
       exports.run = async (job) => {
         const at = ((await job.checkpoint()) ?? 0) + 1;
         await job.saveCheckpoint(at);
         if (at < 5) throw new Error('not yet');
       };`,
    );
    await register(servers, '0001_step_by_step');
    const worker = await servers.startWorker({ jobs, env: FAST });

    expect(await runToEnd(servers)).toMatchObject({ completed: { names: ['0001_step_by_step'] } });

    expect(await attempts(servers, '0001_step_by_step')).toHaveLength(5);
    expect((await migration(servers, '0001_step_by_step')).error).toBeNull();
    await worker.stop();
  });

  test('are counted from 0 again when the progress is one further row', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob(
      '0001_row_by_row',
      `exports.options = { maxFailures: 2 };
       exports.run = async (job) => {
         for (let n = 1; n <= job.attempt; n++) job.progress(n, 5);
         if (job.attempt < 5) throw new Error('not yet');
       };`,
    );
    await register(servers, '0001_row_by_row');
    const worker = await servers.startWorker({ jobs, env: FAST });

    expect(await runToEnd(servers)).toMatchObject({ completed: { names: ['0001_row_by_row'] } });

    const ended = await attempts(servers, '0001_row_by_row');
    expect(ended.map(({ progressed }) => progressed)).toEqual([true, true, true, true, true]);
    await worker.stop();
  });

  test('that are transient never fail the migration, and do not count as unknown ones', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob(
      '0001_transient',
      `exports.options = { maxFailures: 2 };
       exports.run = async (job) => {
         if (job.attempt <= 4) throw Object.assign(new Error('x'), { code: 'ECONNRESET' });
         if (job.attempt === 5) throw new Error('of an unknown kind');
       };`,
    );
    await register(servers, '0001_transient');
    const worker = await servers.startWorker({ jobs, env: FAST });

    expect(await runToEnd(servers)).toMatchObject({ completed: { names: ['0001_transient'] } });

    expect(await attempts(servers, '0001_transient')).toHaveLength(6);
    await worker.stop();
  });

  test('do not delay the attempt that replaces one of a killed worker', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob(
      '0001_often',
      `exports.options = { maxFailures: 50 };
       exports.run = async (job) => {
         if (job.attempt <= 6) throw new Error('again');
         if (job.attempt === 7) await new Promise((resolve) => setTimeout(resolve, 60_000));
       };`,
    );
    await register(servers, '0001_often');
    const env = { ...FAST, LRM_RETRY_MAXIMUM_INTERVAL: '1 second' };
    const first = await servers.startWorker({ jobs, env });
    const run = await startRun(servers);
    await waitForMigration(servers, '0001_often', 'be at attempt 7', (row) => row.attempts === 7);
    const second = await servers.startWorker({ jobs, env });
    // Either worker may have taken the attempt. The other one must be free to take the next.
    const [seventh] = (await attempts(servers, '0001_often')).slice(-1);
    const [running, idle] = seventh?.worker.startsWith(`${first.pid}@`)
      ? [first, second]
      : [second, first];
    running.kill('SIGKILL');

    await resultOf(run);

    const [eighth] = (await attempts(servers, '0001_often')).slice(-1);
    expect(eighth?.number).toBe(8);
    // After a lost worker Temporal waits by this policy: the initial interval, however many attempts failed.
    const scheduled = (await run.fetchHistory()).events
      ?.map((event) => event.activityTaskScheduledEventAttributes)
      .find((attributes) => attributes?.activityType?.name === 'runMigration');
    expect(scheduled?.retryPolicy?.backoffCoefficient).toBe(1);
    expect(tsToMs(scheduled?.retryPolicy?.initialInterval)).toBe(100);
    await idle.stop();
  });
});
