import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { attempts, migration, register, runToEnd } from '../support/migrations';

const servers = useDevServers();
const REASON =
  'the worker that took it uses another database than the listing; all workers of a task queue need the same DATABASE_URL';

// Between the two tries of one activity, the worker's database becomes another installation: as if a
// worker of another database had taken the second one.
test('a migration is not run in another database than the one that was listed', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_moves',
    `exports.run = async (job) => {
    if (job.attempt > 1) return;
    await job.sql\`update long_running_migrations.installations set id = gen_random_uuid()\`;
    throw Object.assign(new Error('try again'), { code: 'ECONNRESET' });
  };`,
  );
  const env = { LRM_RETRY_INITIAL_INTERVAL: '50 ms' };
  const worker = await servers.startWorker({ jobs, env });
  await register(servers, '0001_moves');

  const { left } = await runToEnd(servers);

  expect(left).toEqual({ count: 1, first: [{ name: '0001_moves', reason: REASON }] });
  expect(worker.log().map(({ msg }) => msg)).toContain(`not started: ${REASON}`);
  expect(await attempts(servers, '0001_moves')).toMatchObject([{ outcome: 'retried' }]);
  // The next run lists what is there now.
  expect(await runToEnd(servers)).toMatchObject({ completed: { names: ['0001_moves'] } });
  expect(await migration(servers, '0001_moves')).toMatchObject({ status: 'completed' });
  await worker.stop();
}, 60_000);
