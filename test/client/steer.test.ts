import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import type { JobsFolder } from '../support/jobsFolder';
import { attempts, migration, register, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';
import type { TestWorker } from '../support/workerProcess';
import { lrmWith, UNTIL_GATE_OPENS } from './lrm';

const servers = useDevServers();
const NAME = '0001_waits';
const FAST = {
  LRM_HEARTBEAT_TIMEOUT: '3 seconds',
  LRM_RETRY_INITIAL_INTERVAL: '200ms',
  LRM_STOP_GRACE: '2 seconds',
};

let jobs: JobsFolder;
/** Undefined after a test has ended it; the next test starts a new one. */
let worker: TestWorker | undefined;
const lrm = (...args: string[]) => lrmWith(servers, { ...FAST, LRM_JOBS_DIR: jobs.path })(...args);

beforeAll(async () => {
  await servers.sql`create table gate ()`;
  jobs = servers.jobsFolder();
  jobs.writeJob(NAME, UNTIL_GATE_OPENS);
});

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations, gate cascade`;
  worker ??= await servers.startWorker({ jobs, env: FAST });
  await register(servers, NAME);
});

afterEach(async () => {
  await servers.client.workflow
    .getHandle('long-running-migrations')
    .terminate()
    .catch(() => {});
});

/** Starts a run, and waits until the job has made some steps. */
async function underWay(): Promise<void> {
  await startRun(servers);
  await waitForMigration(servers, NAME, 'be under way', (row) => Number(row.rowsDone) > 2);
}

async function killWorker(): Promise<void> {
  worker?.kill('SIGKILL');
  await worker?.exited;
  worker = undefined;
}

const openGate = () => servers.sql`insert into gate default values`;

test('lrm pause returns when the running attempt has stopped; resume goes on from its checkpoint', async () => {
  await underWay();
  const paused = await lrm('pause', NAME, '--reason', 'too much load');
  expect(paused).toMatchObject({ code: 0, stdout: expect.stringMatching(`${NAME} is paused`) });
  const row = await migration(servers, NAME);
  expect(row).toMatchObject({ status: 'paused', requestReason: 'too much load' });
  expect(row.requestedBy).toMatch(/.+@.+/);
  const steps = Number(row.rowsDone);
  expect(await attempts(servers, NAME)).toMatchObject([{ outcome: 'paused' }]);

  expect((await lrm('resume', NAME)).code).toBe(0);
  await openGate();
  await waitForMigration(servers, NAME, 'complete', ({ status }) => status === 'completed');
  const done = await migration(servers, NAME);
  expect(done.status).toBe('completed');
  expect(Number(done.rowsDone)).toBeGreaterThanOrEqual(steps);
});

test('lrm cancel stops a migration for good; lrm retry runs it again', async () => {
  await underWay();
  expect((await lrm('cancel', NAME)).code).toBe(0);
  expect(await migration(servers, NAME)).toMatchObject({ status: 'cancelled' });
  await openGate();
  await lrm('run', '--wait');
  expect((await migration(servers, NAME)).status).toBe('cancelled');
  expect(await lrm('retry', NAME)).toMatchObject({
    code: 0,
    stdout: `${NAME} runs again, from where it stopped\na run has been started\n`,
  });
  await waitForMigration(servers, NAME, 'complete', ({ status }) => status === 'completed');
});

test('lrm resume and retry with --no-run, and register without --run, start no run', async () => {
  await servers.sql`
    update long_running_migrations.migrations set status = 'paused' where name = ${NAME}`;
  const resumed = await lrm('resume', NAME, '--no-run');
  expect(resumed.stdout).toBe(
    `${NAME} is back in the queue. The next run takes it; to start one now: npx lrm run\n`,
  );
  await servers.sql`
    update long_running_migrations.migrations set status = 'failed' where name = ${NAME}`;
  expect((await lrm('retry', NAME, '--no-run')).code).toBe(0);
  expect((await lrm('register', NAME)).code).toBe(0);
  const run = servers.client.workflow.getHandle('long-running-migrations');
  expect((await run.describe().catch(() => null))?.status.name).not.toBe('RUNNING');

  const registered = await lrm('register', NAME, '--run', '--json');
  expect(JSON.parse(registered.stdout)).toEqual([
    { name: NAME, status: 'created', result: 'unchanged', error: null, run: 'started' },
  ]);
  expect((await run.describe()).status.name).toBe('RUNNING');
  const again = JSON.parse((await lrm('register', NAME, '--run', '--json')).stdout);
  expect(again).toMatchObject([{ run: 'going' }]);
});

test('lrm pause --no-wait returns at once, and the attempt stops', async () => {
  await underWay();
  const { code, stdout } = await lrm('pause', NAME, '--no-wait');
  expect(code).toBe(0);
  expect(stdout).toMatch('has been asked to stop');
  await waitForMigration(servers, NAME, 'be paused', ({ status }) => status === 'paused');
});

test('lrm cancel during a pause: the migration ends up cancelled', async () => {
  jobs.writeJob(
    NAME,
    `exports.run = (job) => new Promise((resolve, reject) => {
      job.progress(5, 10);
      job.signal.addEventListener('abort', () => setTimeout(reject, 1500, job.signal.reason));
    });`,
  );
  await underWay();
  await lrm('pause', NAME, '--no-wait');
  expect((await lrm('cancel', NAME)).code).toBe(0);
  expect((await migration(servers, NAME)).status).toBe('cancelled');
  jobs.writeJob(NAME, UNTIL_GATE_OPENS);
});

test('lrm pause after its worker was killed: paused when that is certain', async () => {
  await underWay();
  await killWorker();
  const { code } = await lrm('pause', NAME);
  expect(code).toBe(0);
  expect(await migration(servers, NAME)).toMatchObject({ status: 'paused', currentAttempt: null });
  expect(await attempts(servers, NAME)).toMatchObject([{ outcome: 'interrupted' }]);
});

test('lrm pause and resume work while Temporal is down, with a warning', async () => {
  const without = lrmWith(servers, { ...FAST, TEMPORAL_ADDRESS: '127.0.0.1:1' });
  for (const [command, status] of [
    ['pause', 'paused'],
    ['resume', 'created'],
  ] as const) {
    const { code, stderr } = await without(command, NAME);
    expect(code).toBe(0);
    expect(stderr).toMatch('no answer from Temporal');
    expect((await migration(servers, NAME)).status).toBe(status);
  }
});

test('lrm pause ends with an error when another operator resumes the migration meanwhile', async () => {
  await underWay();
  // A frozen worker can't stop the attempt before the other operator resumes it.
  worker?.kill('SIGSTOP');
  const pausing = lrmWith(servers, { ...FAST, LRM_HEARTBEAT_TIMEOUT: '1 minute' })('pause', NAME);
  await waitForMigration(servers, NAME, 'be asked', ({ request }) => request === 'pause');
  expect((await lrm('resume', NAME)).stdout).toMatch('the request to stop it is withdrawn');
  const { code, stderr } = await pausing;
  expect(code).toBe(1);
  expect(stderr).toMatch(/asked to resume it meanwhile/);
  await killWorker();
});

test('lrm status shows a pause in Temporal, and lrm resume ends it', async () => {
  await underWay();
  await pauseInTemporal();
  await waitFor('the attempt to stop', async () => {
    const [attempt] = await attempts(servers, NAME);
    return attempt?.endedAt;
  });
  expect((await lrm('status')).stdout).toMatch('paused in Temporal');
  const [json] = JSON.parse((await lrm('status', '--json')).stdout);
  expect(json).toMatchObject({ status: 'in_progress', pausedInTemporal: true });

  const resumed = await lrm('resume', NAME);
  expect(resumed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(`^${NAME} goes on: it was paused in Temporal\n`),
  });
  await openGate();
  await waitForMigration(servers, NAME, 'complete', ({ status }) => status === 'completed');
});

test('lrm cancel of a migration paused in Temporal frees its slot', async () => {
  await underWay();
  await pauseInTemporal();
  expect((await lrm('cancel', NAME)).code).toBe(0);
  expect((await migration(servers, NAME)).status).toBe('cancelled');
  const run = servers.client.workflow.getHandle('long-running-migrations');
  await waitFor('the run to end', async () => (await run.describe()).status.name !== 'RUNNING');
});

test('lrm resume is refused when nobody paused the migration', async () => {
  await underWay();
  const { code, stderr } = await lrm('resume', NAME);
  expect(code).toBe(1);
  expect(stderr).toMatch(`${NAME} is in_progress: can't resume it`);
});

function pauseInTemporal(): Promise<unknown> {
  return servers.client.workflowService.pauseActivity({
    namespace: servers.namespace,
    execution: { workflowId: 'long-running-migrations' },
    identity: 'the Web UI',
    id: NAME,
  });
}
