import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { encrypting } from '../../activities/payloads/dataConverter';
import { built } from '../../settings/projectFolder';
import { keysOf, payloadKey } from '../activities/payloads/keys';
import { useDevServers } from '../support/devServers';
import { freeAddress } from '../support/freeAddress';
import type { JobsFolder } from '../support/jobsFolder';
import { attempts, migration, register, resultOf, startRun } from '../support/migrations';
import { scrape } from '../support/scrape';
import { waitFor } from '../support/waitFor';
import type { TestWorker } from '../support/workerProcess';

// The applications run as processes of their own, from dist/: an application would have the package.

const servers = useDevServers();
let jobs: JobsFolder;

beforeAll(() => {
  jobs = servers.jobsFolder();
  // As TypeScript compiles `export default defineJob({ … })` of a CommonJS application.
  jobs.writeJob(
    '0001_short',
    `Object.defineProperty(exports, '__esModule', { value: true });
    exports.default = { run: async (job) => job.log.info('short one', { of: 1 }) };`,
  );
  jobs.writeJob(
    '0002_long',
    `exports.run = async (job) => {
      for (;;) {
        job.signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };`,
  );
});

afterEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
});

/** Writes an application next to the jobs, where it finds the project's packages. */
function application(source: string, workflows: string): string {
  const folder = path.join(jobs.path, 'application');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'workflows.js'), workflows);
  const file = path.join(folder, 'main.js');
  const begin = `
    const { NativeConnection, Runtime, Worker } = require('@temporalio/worker');
    const { createMigrationsActivities, createMigrationsWorker, migrationsHistogramBuckets,
      migrationsWorkerOptions } =
      require(${JSON.stringify(built('worker.js'))});
    const line = (level) => (msg, fields) =>
      console.log(JSON.stringify({ application: true, level, msg, ...fields }));
    const logger = Object.fromEntries(
      ['debug', 'info', 'warn', 'error'].map((level) => [level, line(level)]));
    const address = process.env.TEMPORAL_ADDRESS;
    const namespace = process.env.TEMPORAL_NAMESPACE;
    const workflowsPath = require.resolve('./workflows');`;
  writeFileSync(
    file,
    `${begin}\n(async () => {${source}})().catch((error) => {
    console.log(JSON.stringify({ msg: error.name + ': ' + error.message }));
    process.exitCode = 1;
  });`,
  );
  return file;
}

const HELLO = 'exports.hello = async () => "hello from the application";';

const BESIDE = `
  // Fails if the package had installed a Runtime already.
  Runtime.install({ shutdownSignals: [], logger: new (require('@temporalio/worker').DefaultLogger)('ERROR') });
  const connection = await NativeConnection.connect({ address });
  const own = await Worker.create({ connection, namespace, taskQueue: 'own', workflowsPath });
  const migrations = await createMigrationsWorker({ connection, logger, settings: { LRM_STOP_GRACE: '3 seconds' } });
  process.once('SIGTERM', () => { own.shutdown(); migrations.shutdown(); migrations.shutdown(); });
  await Promise.all([own.run(), migrations.run()]);
  await connection.workflowService.describeNamespace({ namespace });
  logger.info('the connection is still open');
  await connection.close();`;

const begun = (worker: TestWorker) =>
  waitFor('an attempt to begin', () =>
    worker.log().some(({ msg, migration }) => msg === 'run() called' && migration === '0002_long'),
  );

test('createMigrationsWorker runs beside the worker of the application, and ends with it', async () => {
  const worker = await servers.startWorker({ jobs, application: application(BESIDE, HELLO) });
  const hello = { taskQueue: 'own', workflowId: 'hello' };
  expect(await servers.client.workflow.execute('hello', hello)).toBe('hello from the application');
  await register(servers, '0001_short');
  await resultOf(await startRun(servers));
  expect((await migration(servers, '0001_short')).status).toBe('completed');

  await register(servers, '0002_long');
  const run = await startRun(servers);
  await begun(worker);
  // It ends by itself: nothing that keeps its process alive is left open.
  expect(await worker.stop()).toBe(0);
  expect(await attempts(servers, '0002_long')).toMatchObject([{ outcome: 'interrupted' }]);
  await run.terminate();
  const lines = worker.log();
  expect(lines.at(-1)?.msg).toBe('the connection is still open');
  // All went to the logger of the application, with its fields.
  expect(lines.filter((line) => !line['application'])).toEqual([]);
  expect(lines).toContainEqual(
    expect.objectContaining({
      application: true,
      level: 'info',
      msg: 'short one',
      of: 1,
      migration: '0001_short',
      attempt: 1,
    }),
  );
});

/** What no payload converter of Temporal's can decode. */
const UNREADABLE = {
  metadata: { encoding: Buffer.from('binary/unknown') },
  data: Buffer.from('?'),
};

test('activities and workflows work in a worker and a bundle of the application, whatever is signalled', async () => {
  const own = `
    // Before the Runtime, which our activities must not install in its place.
    const { activities, dataConverter, close } = await createMigrationsActivities({ logger });
    const prometheus = { bindAddress: process.env.PAGE, histogramBucketOverrides: migrationsHistogramBuckets };
    Runtime.install({ telemetryOptions: { metrics: { prometheus } } });
    const connection = await NativeConnection.connect({ address });
    const worker = await Worker.create({
      ...migrationsWorkerOptions, dataConverter, connection, namespace, workflowsPath,
      activities: { ...activities, greet: async () => 'greeted' },
    });
    logger.info('worker ready');
    await worker.run().finally(close);
    await connection.close();`;
  const workflows = `
    Object.assign(exports, require(${JSON.stringify(built('workflows.js'))}));
    const { greet } = require('@temporalio/workflow').proxyActivities({ startToCloseTimeout: '10s' });
    exports.hello = () => greet();`;
  const page = await freeAddress();
  const worker = await servers.startWorker({
    jobs,
    application: application(own, workflows),
    env: { PAGE: page, LRM_PAYLOAD_KEY: payloadKey('k1') },
  });
  const client = new Client({
    connection: servers.client.connection,
    namespace: servers.namespace,
    dataConverter: encrypting(keysOf('k1')),
  });
  const hello = { taskQueue: 'long-running-migrations', workflowId: 'hello2' };
  expect(await client.workflow.execute('hello', hello)).toBe('greeted');
  await expect(servers.client.workflow.getHandle('hello2').result()).rejects.toThrow(
    'Unknown encoding: binary/lrm-aes-256-gcm',
  );
  await register(servers, '0001_short', '0002_long');
  const run = await startRun({ ...servers, client });
  await begun(worker);
  await servers.client.workflowService.signalWorkflowExecution({
    namespace: servers.namespace,
    workflowExecution: { workflowId: run.workflowId },
    signalName: 'finalizeMigrations',
    input: { payloads: [UNREADABLE] },
  });
  await servers.succeeds('cancel', '0002_long');
  await resultOf(run);
  expect((await migration(servers, '0001_short')).status).toBe('completed');
  expect((await migration(servers, '0002_long')).status).toBe('cancelled');
  // Its Runtime exports our metrics, under the same names.
  const metrics = await scrape(page);
  const ended = { migration: '0002_long', outcome: 'cancelled' };
  expect(metrics.value('lrm_attempts_total', ended)).toBe(1);
  expect(metrics.value('lrm_attempts_running', { migration: '0002_long' })).toBe(0);
  expect(metrics.value('lrm_database_up')).toBe(1);
  expect(await worker.stop()).toBe(0);
});

test('a worker that is shut down before run() was called leaves nothing open', async () => {
  const source = `
    const connection = await NativeConnection.connect({ address });
    const migrations = await createMigrationsWorker({ connection, logger });
    migrations.shutdown();
    await migrations.run();
    await connection.close();`;
  const worker = servers.spawnWorker({ jobs, application: application(source, HELLO) });
  expect(await worker.exited).toBe(0);

  const without = source.slice(0, source.indexOf('await migrations.run()'));
  const second = servers.spawnWorker({ jobs, application: application(without, HELLO) });
  expect(await second.exited).toBe(0);
});

test.each([
  [
    "{ jobs: '/nowhere' }",
    "UsageError: wrong settings: LRM_JOBS_DIR: '/nowhere' is not a folder; write the folder of your jobs, here or as jobs in lrm.config",
  ],
  [
    '{ settings: { LRM_MAX_CONCURENT: 2 } }',
    'UsageError: settings: LRM_MAX_CONCURENT is not a setting; did you mean LRM_MAX_CONCURRENT?',
  ],
  [
    "{ settings: { LRM_SCHEMA: 'other' } }",
    'UsageError: LRM_SCHEMA: set it in the environment or in lrm.config, not in settings',
  ],
  [
    "{ namespace: 'nowhere' }",
    "CanNotStart: Temporal has no namespace 'nowhere'; set TEMPORAL_NAMESPACE, or: temporal operator namespace create -n nowhere",
  ],
])(
  'createMigrationsWorker refuses %s in one line, and leaves nothing open',
  async (options, message) => {
    const source = `
    const connection = await NativeConnection.connect({ address });
    await createMigrationsWorker({ connection, logger, ...${options} }).finally(() => connection.close());`;
    const worker = servers.spawnWorker({ jobs, application: application(source, HELLO) });
    expect(await worker.exited).toBe(1);
    expect(worker.log().map(({ msg }) => msg)).toEqual([message]);
  },
);
