import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import type { JobsFolder } from '../support/jobsFolder';
import {
  currentDetails,
  failureOf,
  migration,
  register,
  runToEnd,
  startRun,
  waitForMigration,
} from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const RUN = 'long-running-migrations';
const UNREADABLE = {
  metadata: { encoding: Buffer.from('binary/of-another-world') },
  data: Buffer.from([1, 2, 3]),
};
let jobs: JobsFolder;

beforeAll(async () => {
  await servers.sql`create table gate ()`;
  jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_waits',
    `exports.run = async (job) => {
      while ((await job.sql\`select from gate\`).length === 0) {
        job.signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };`,
  );
  jobs.writeJob('0002_quick', 'exports.run = async () => {};');
  await servers.startWorker({ jobs });
});

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations, gate cascade`;
});

afterEach(async () => {
  await servers.client.workflow
    .getHandle(RUN)
    .terminate()
    .catch(() => {});
});

test.each<[string, object[] | null[] | string[]]>([
  ['nothing', []],
  ['null', [null]],
  ['an object', [{}]],
  ['a text', ['0001_waits']],
  ['a list of null', [[null]]],
  ['a path', [[{ name: '../0001_waits', throttled: true }]]],
  ['an invalid name', [[{ name: '<img>', throttled: true }]]],
  ['an invalid throttled', [[{ name: '0001_waits', throttled: 'no' }]]],
])('a signal finalizeMigrations with %s is ignored, and the run says so', async (_, args) => {
  await register(servers, '0002_quick');
  const run = await servers.client.workflow.signalWithStart('executeLongRunningMigrations', {
    workflowId: RUN,
    taskQueue: RUN,
    signal: 'finalizeMigrations',
    signalArgs: args as object[],
  });

  expect(await run.result()).toMatchObject({ completed: { names: ['0002_quick'] } });
  expect(await currentDetails(servers)).toMatch(/\*\*Ignored\*\*\s+- finalizeMigrations/);
});

test.each([
  ['null', [null]],
  ['an object', [{}]],
  ['a text', ['x']],
  ['lists of null', [{ result: null, finalize: [null], skip: [null] }]],
  ['a result of another kind', [{ result: { completed: 1 }, finalize: [], skip: [] }]],
])('a run whose input is %s does its work, and says so', async (_, args) => {
  await register(servers, '0002_quick');
  const run = await servers.client.workflow.start('executeLongRunningMigrations', {
    workflowId: RUN,
    taskQueue: RUN,
    args,
  });

  expect(await run.result()).toMatchObject({ completed: { count: 1, names: ['0002_quick'] } });
  expect(await currentDetails(servers)).toMatch(/\*\*Ignored\*\*\s+- the run's/);
});

test('inputs and signals that cannot be decoded, and unknown signals, do not stop the run', async () => {
  await register(servers, '0002_quick');
  const { client, namespace } = servers;
  await client.workflowService.signalWithStartWorkflowExecution({
    namespace,
    workflowId: RUN,
    workflowType: { name: 'executeLongRunningMigrations' },
    taskQueue: { name: RUN },
    requestId: 'unreadable',
    input: { payloads: [UNREADABLE] },
    signalName: 'finalizeMigrations',
    signalInput: { payloads: [UNREADABLE] },
  });
  const run = client.workflow.getHandle(RUN);
  await run.signal('nobodyKnowsThis', { a: 1 });
  await run.signal('statusChanged', { began: '../x', attempt: -1 });

  expect(await run.result()).toMatchObject({ completed: { names: ['0002_quick'] } });
  const details = await currentDetails(servers);
  expect(details).toMatch("the run's input");
  expect(details).toMatch('finalizeMigrations');
});

test('10,000 entries to finalize take a few listings, and the other work goes on', async () => {
  await register(servers, '0001_waits', '0002_quick');
  const entries = Array.from({ length: 10_000 }, (_, n) => ({
    name: `${String(n).padStart(4, '0')}_x`,
    throttled: true,
  }));
  const twice = [{ name: '0002_quick', throttled: true }, ...entries];
  const run = await servers.client.workflow.signalWithStart('executeLongRunningMigrations', {
    workflowId: RUN,
    taskQueue: RUN,
    signal: 'finalizeMigrations',
    signalArgs: [[...twice.slice(0, 1), ...twice]],
  });
  await waitFor('the one that is registered to be completed', async () => {
    return (await migration(servers, '0002_quick')).status === 'completed';
  });
  await waitFor('the other one to run', async () => {
    return (await migration(servers, '0001_waits')).status === 'in_progress';
  });
  await servers.sql`insert into gate default values`;

  expect(await run.result()).toMatchObject({ completed: { count: 2 } });
  const { historyLength } = await run.describe();
  expect(historyLength).toBeLessThan(300);
  expect(await currentDetails(servers)).toMatch('9002 entries beyond the limit of 1000');
});

test('a run under another workflow ID fails at once, with a message of one line', async () => {
  await register(servers, '0002_quick');
  const run = await servers.client.workflow.start('executeLongRunningMigrations', {
    workflowId: 'mine',
    taskQueue: RUN,
  });

  const failure = await failureOf(run);
  expect(failure).toMatchObject({ type: 'OtherWorkflowId', nonRetryable: true });
  expect(failure?.message).toBe(
    'the run must have the workflow ID long-running-migrations, not mine; type: npx lrm run',
  );
  expect(await migration(servers, '0002_quick')).toMatchObject({ status: 'created', attempts: 0 });
  expect(await runToEnd(servers)).toMatchObject({ completed: { count: 1 } });
});

test('thousands of signals make the run continue as new, and nothing is lost', async () => {
  await register(servers, '0001_waits');
  const first = await startRun(servers);
  const { runId } = await first.describe();
  await waitForMigration(servers, '0001_waits', 'run', (row) => row.status === 'in_progress');
  const run = servers.client.workflow.getHandle(RUN);

  // Temporal suggests a new history after 4,096 events.
  for (let sent = 0; sent < 4_200; sent += 100) {
    await Promise.all(Array.from({ length: 100 }, () => run.signal('nobodyKnowsThis')));
  }

  await waitFor(
    'the run to continue as new',
    async () => (await run.describe()).runId !== runId,
    90_000,
  );
  await servers.sql`insert into gate default values`;
  expect(await run.result()).toMatchObject({ completed: { names: ['0001_waits'] } });
}, 150_000);
