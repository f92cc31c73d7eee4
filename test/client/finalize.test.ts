import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import type { JobsFolder } from '../support/jobsFolder';
import { migration, register, startRun, waitForMigration } from '../support/migrations';
import { lrmWith, UNTIL_GATE_OPENS } from './lrm';

const servers = useDevServers();

let jobs: JobsFolder;
const lrm = (...args: string[]) => lrmWith(servers, { LRM_JOBS_DIR: jobs.path })(...args);

beforeAll(async () => {
  await servers.sql`create table gate ()`;
  jobs = servers.jobsFolder();
  jobs.writeJob('0001_waits', UNTIL_GATE_OPENS);
  jobs.writeJob('0002_quick', 'exports.run = async (job) => { job.progress(3, 3); };');
  jobs.writeJob(
    '0003_depends',
    "exports.dependsOn = ['0001_waits', '0002_quick', '0009_nowhere']; exports.run = async () => {};",
  );
  jobs.writeJob('0004_fails', "exports.run = async () => { throw new TypeError('never'); };");
  await servers.startWorker({ jobs });
});

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations, gate cascade`;
  await register(servers, '0001_waits', '0002_quick', '0003_depends', '0004_fails');
});

afterEach(async () => {
  await servers.client.workflow
    .getHandle('long-running-migrations')
    .terminate()
    .catch(() => {});
});

test('lrm finalize completes a migration while another one holds the only slot', async () => {
  await startRun(servers);
  await waitForMigration(servers, '0001_waits', 'hold the slot', (row) => Number(row.rowsDone) > 0);
  const { code, stdout } = await lrm('finalize', '0002_quick');
  expect(code).toBe(0);
  expect(stdout).toMatch(/0002_quick {2}completed/);
  expect((await migration(servers, '0001_waits')).status).toBe('in_progress');
});

test('lrm finalize refuses unfinished dependencies and names them', async () => {
  await servers.sql`
    update long_running_migrations.migrations set status = 'completed' where name = '0002_quick'`;
  const { code, stderr } = await lrm('finalize', '0003_depends');
  expect(code).toBe(1);
  expect(stderr).toMatch(
    '0003_depends depends on 0001_waits (created), 0009_nowhere (not registered)',
  );
  expect(stderr).not.toMatch('0002_quick (');
});

test('lrm finalize exits 1 with the error when the migration fails', async () => {
  const { code, stderr } = await lrm('finalize', '0004_fails');
  expect(code).toBe(1);
  expect(stderr).toMatch(/0004_fails is failed: TypeError/);
  const again = await lrm('finalize', '0004_fails');
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch("0004_fails is failed: can't finalize it. Possible: npx lrm cancel");
});

test('lrm finalize has nothing to do for a completed migration', async () => {
  await servers.sql`
    update long_running_migrations.migrations set status = 'completed' where name = '0002_quick'`;
  expect(await lrm('finalize', '0002_quick')).toMatchObject({
    code: 0,
    stdout: '0002_quick is completed\n',
  });
});

test('lrm finalize exits 1 when no worker has the file and the run has ended', async () => {
  await servers.sql`delete from long_running_migrations.migrations where name <> '0002_quick'`;
  await register(servers, '0007_missing');
  const { code, stderr } = await lrm('finalize', '0007_missing');
  expect(code).toBe(1);
  expect(stderr).toMatch('there is no file 0007_missing here');
  expect(stderr).toMatch('the run has ended without completing 0007_missing is created');
});

test('lrm finalize exits 1 after --timeout when no worker takes the migration during a run', async () => {
  await register(servers, '0007_missing');
  await startRun(servers);
  await waitForMigration(servers, '0001_waits', 'hold the slot', (row) => Number(row.rowsDone) > 0);

  const { code, stdout, stderr } = await lrm('finalize', '0007_missing', '--timeout', '2 seconds');

  expect(code).toBe(1);
  expect(stdout).toMatch('0007_missing  created  no file 0007_missing on the worker that looked');
  expect(stderr).toMatch(
    'no worker has taken it for 2 s: 0007_missing is created: no file 0007_missing on the worker',
  );
});

test('lrm finalize exits 2 when --timeout is not a duration', async () => {
  const { code, stderr } = await lrm('finalize', '0002_quick', '--timeout', 'soon');
  expect(code).toBe(2);
  expect(stderr).toMatch(
    "--timeout is not a duration from 1 ms to 24 days; type, for example, '10 minutes'",
  );
});
