import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { attempts, migration, register, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();

test('a tick starts the run under its fixed ID and ends; when a run is going, a tick wakes it', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_waits',
    `exports.run = async (job) => {
      for (;;) {
        const [row] = await job.sql\`select 1 from long_running_migrations.migrations where name = '0002_beside' and status = 'completed'\`;
        if (row) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };`,
  );
  jobs.writeJob('0002_beside', 'exports.run = async () => {};');
  const worker = await servers.startWorker({ jobs, env: { LRM_MAX_CONCURRENT: '2' } });
  await register(servers, '0001_waits');
  const tick = (workflowId: string) =>
    servers.client.workflow.execute('tickLongRunningMigrations', {
      workflowId,
      taskQueue: 'long-running-migrations',
    });

  expect(await tick('tick-1')).toBe('started');
  await waitForMigration(servers, '0001_waits', 'run', (row) => row.status === 'in_progress');
  // Registered while a slot is free and nothing ends: only the tick can notify the run.
  await register(servers, '0002_beside');
  expect(await tick('tick-2')).toBe('already running');

  const run = servers.client.workflow.getHandle('long-running-migrations');
  expect(await run.result()).toMatchObject({ completed: { names: ['0002_beside', '0001_waits'] } });
  expect(await attempts(servers, '0001_waits')).toHaveLength(1);
  await worker.stop();
});

test('a failed run does not pause the Schedule: the next tick starts the next run', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_fails', "exports.run = async () => { throw new TypeError('never'); };");
  jobs.writeJob('0002_later', 'exports.run = async () => {};');
  const worker = await servers.startWorker({ jobs });
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await register(servers, '0001_fails');
  const schedule = servers.client.schedule.getHandle('long-running-migrations');
  expect((await servers.lrm('schedule')).code).toBe(0);

  await schedule.trigger();
  const run = servers.client.workflow.getHandle('long-running-migrations');
  await waitFor('the run to fail', async () => {
    const description = await run.describe().catch(() => undefined);
    return description?.status.name === 'FAILED';
  });
  const { state, info } = await schedule.describe();
  expect(state.paused).toBe(false);
  expect(info.recentActions.length).toBeGreaterThan(0);

  await register(servers, '0002_later');
  await schedule.trigger();
  await waitForMigration(servers, '0002_later', 'complete', (row) => row.status === 'completed');
  expect(await migration(servers, '0001_fails')).toMatchObject({ status: 'failed', attempts: 1 });
  await schedule.delete();
  await worker.stop();
});
