import { beforeEach, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { runLrm } from '../support/lrm';
import { register } from '../support/migrations';
import { waitFor } from '../support/waitFor';
import { lrmWith } from './lrm';

const servers = useDevServers();

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
});

test('lrm run starts a run; a second lrm run says that one is going', async () => {
  const first = await servers.lrm('run');
  expect(first).toMatchObject({ code: 0, stdout: 'a run has been started\n' });
  expect(first.stderr).toMatch('no worker polls long-running-migrations');
  const second = await servers.lrm('run');
  expect(second).toMatchObject({ code: 0, stdout: 'a run is going already\n' });
  expect((await servers.lrm('status')).stderr).toMatch(
    'the run waits for a worker: start one (npx lrm worker)',
  );
  await servers.client.workflow.getHandle('long-running-migrations').terminate();
});

test('lrm run --wait exits 1 when the run is terminated in Temporal, and says what follows', async () => {
  const waiting = servers.lrm('run', '--wait');
  const run = servers.client.workflow.getHandle('long-running-migrations');
  await waitFor('the run to be started', async () => {
    const { status } = await run.describe();
    return status.name === 'RUNNING';
  });
  await run.terminate();
  expect(await waiting).toMatchObject({
    code: 1,
    stderr: expect.stringMatching('its migrations go on with the next one'),
  });
});

test('lrm run --wait prints what completed, failed and could not run; exits 0 only if all completed', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_good', 'exports.run = async () => {};');
  jobs.writeJob('0002_bad', "exports.run = async () => { throw new TypeError('never'); };");
  const worker = await servers.startWorker({ jobs });

  await register(servers, '0001_good');
  expect(await servers.lrm('run', '--wait')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/completed: 1 \(0001_good\)/),
  });

  await register(servers, '0002_bad', '0003_missing');
  const second = await servers.lrm('run', '--wait');
  expect(second.code).toBe(1);
  expect(second.stdout).toMatch('failed: 1 (0002_bad)');
  expect(second.stdout).toMatch(/left: 0003_missing: /);
  await worker.stop();
});

test('lrm schedule creates the Schedule, then updates it; a paused Schedule stays paused', async () => {
  const handle = servers.client.schedule.getHandle('long-running-migrations');
  const schedule = lrmWith(servers, { LRM_INTERVAL: '7 minutes' });
  expect((await schedule('schedule')).stdout).toMatch('created: a run every 7 min');
  await handle.pause('frozen for the audit');

  const again = lrmWith(servers, { LRM_INTERVAL: '9 minutes' });
  expect((await again('schedule')).stdout).toMatch('updated: a run every 9 min');

  const { state, spec, action, policies } = await handle.describe();
  expect(state).toMatchObject({ paused: true, note: 'frozen for the audit' });
  expect(spec.intervals).toMatchObject([{ every: 540_000 }]);
  expect(action).toMatchObject({
    workflowType: 'tickLongRunningMigrations',
    workflowId: 'long-running-migrations-tick',
    taskQueue: 'long-running-migrations',
    workflowExecutionTimeout: 60_000,
  });
  expect(policies.overlap).toBe('SKIP');
  await register(servers, '0001_a');
  expect((await servers.lrm('status')).stderr).toMatch('the Schedule is paused');
  await handle.delete();
});

test('lrm schedule refuses an interval that Temporal would round to zero', async () => {
  const { code, stderr } = await lrmWith(servers, { LRM_INTERVAL: '100ms' })('schedule');
  expect(code).toBe(2);
  expect(stderr).toMatch('at least 1 second');
});

test('lrm register says that a migration is already registered, and warns about a missing file', async () => {
  const first = await servers.lrm('register', '0001_x');
  expect(first).toMatchObject({ code: 0, stdout: '0001_x is registered\n' });
  expect(first.stderr).toMatch('there is no file 0001_x in');
  expect(await servers.lrm('register', '0001_x')).toMatchObject({
    code: 0,
    stdout: '0001_x is already registered: nothing changed\n',
  });
});

test("lrm status and lrm run say that the run's workflow task keeps failing, and what to type", async () => {
  const run = await startOurs();
  // As after a deploy that removed code which the run needs.
  await failTask(await takeTask());
  const said =
    /the run's workflow task keeps failing \(attempt \d+: of another version\).*temporal workflow terminate --workflow-id long-running-migrations, then npx lrm run/;

  expect((await servers.lrm('status')).stderr).toMatch(said);
  expect(await servers.lrm('run')).toMatchObject({
    code: 0,
    stdout: 'a run is going already\n',
    stderr: expect.stringMatching(said),
  });
  let output = '';
  const waiting = runLrm(servers.env(), ['run', '--wait'], (text) => {
    output += text;
  });
  await waitFor('lrm run --wait to say so while it waits', () => said.test(output));
  await run.terminate();
  expect(await waiting).toMatchObject({ code: 1, stderr: expect.stringMatching(said) });
});

test("lrm status says that the run's workflow task keeps failing, also while signals come in", async () => {
  const run = await startOurs();
  const task = await takeTask();
  await run.signal('tick');
  await failTask(task);

  const { raw } = await run.describe();
  const { stderr } = await servers.lrm('status');
  await run.terminate();

  // The signal has set Temporal's count back.
  expect(raw.pendingWorkflowTask?.attempt).toBe(1);
  expect(stderr).toMatch(
    "the run's workflow task keeps failing (attempt 2: of another version), so the run starts nothing",
  );
});

const startOurs = () =>
  servers.client.workflow.start('executeLongRunningMigrations', {
    workflowId: 'long-running-migrations',
    taskQueue: 'long-running-migrations',
  });

/** Takes the run's task, as a worker of another version does. */
async function takeTask(): Promise<Uint8Array> {
  const { client, namespace } = servers;
  const { taskToken } = await client.connection.withDeadline(Date.now() + 30_000, () =>
    client.workflowService.pollWorkflowTaskQueue({
      namespace,
      taskQueue: { name: 'long-running-migrations' },
      identity: 'a slow worker',
    }),
  );
  return taskToken;
}

async function failTask(taskToken: Uint8Array): Promise<void> {
  await servers.client.workflowService.respondWorkflowTaskFailed({
    namespace: servers.namespace,
    taskToken,
    cause: NON_DETERMINISTIC_ERROR,
    failure: { message: 'of another version' },
  });
}

/** The value of Temporal's enum WorkflowTaskFailedCause. */
const NON_DETERMINISTIC_ERROR = 24;
