import { beforeEach, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import type { JobsFolder } from '../support/jobsFolder';
import { attempts, migration, waitForMigration } from '../support/migrations';
import { lrmWith } from './lrm';

const servers = useDevServers();
let jobs: JobsFolder;
const lrm = (...args: string[]) => lrmWith(servers, { LRM_JOBS_DIR: jobs.path })(...args);

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  jobs = servers.jobsFolder();
  for (const name of ['0001_a', '0002_b']) jobs.writeJob(name, 'exports.run = async () => {};');
});

test('a dormant migration is not run before lrm resume', async () => {
  const registered = await lrm('register', '1', '--dormant', '--reason', 'with version 12');
  expect(registered).toMatchObject({
    code: 0,
    stdout: '0001_a is registered as paused; to start it: npx lrm resume 0001_a\n',
  });
  await servers.sql`
    insert into long_running_migrations.migrations (name, status) values ('0002_b', 'paused')`;
  expect((await lrm('run', '--inline')).stdout).toMatch('nothing to run');
  const { stdout } = await lrm('status');
  expect(stdout).toMatch(/0001_a +paused[\s\S]*pause \(.+@.+: with version 12\)/);
  expect(stdout).toMatch(/0002_b +paused[\s\S]*registered as paused/);
  expect((await lrm('check', '0002_b')).stderr).toMatch(
    '0002_b is paused. Next: npx lrm resume 0002_b',
  );

  const worker = await servers.startWorker({ jobs });
  expect((await lrm('resume', '1', '2')).code).toBe(0);
  for (const name of ['0001_a', '0002_b']) {
    await waitForMigration(servers, name, 'complete', (row) => row.status === 'completed');
    expect(await attempts(servers, name)).toHaveLength(1);
  }
  await worker.stop();
});

test('--dormant changes nothing of what is registered, and goes with neither --run nor a lone --reason', async () => {
  expect((await lrm('register', '0001_a')).code).toBe(0);
  expect(await lrm('register', '0001_a', '--dormant')).toMatchObject({
    code: 0,
    stdout:
      '0001_a is already registered: nothing changed. To keep it from running: npx lrm pause 0001_a\n',
  });
  expect((await migration(servers, '0001_a')).status).toBe('created');
  expect(await lrm('register', '0002_b', '--dormant', '--run')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching("--dormant and --run can't be used together"),
  });
  expect(await lrm('register', '0002_b', '--reason', 'x')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching('--reason belongs to --dormant'),
  });
  expect(
    await servers.sql`
    select from long_running_migrations.migrations where name = '0002_b'`,
  ).toEqual([]);
});
