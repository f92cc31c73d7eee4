import { beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { useDevServers } from '../support/devServers';
import { migration, register, startRun, waitForMigration } from '../support/migrations';
import type { TestWorker } from '../support/workerProcess';
import { files } from './jobs/files';

// Every job file harms its own migration alone: that completes, or its error says why not.
const servers = useDevServers();
const BEHAVED = '0002_behaved';
const nameOf = (shape: string) => `0001_${shape}`;

let worker: TestWorker;
let run: WorkflowHandle;

beforeAll(async () => {
  const jobs = servers.jobsFolder();
  for (const [shape, [source]] of Object.entries(files)) jobs.writeJob(nameOf(shape), source);
  jobs.writeJob(BEHAVED, 'exports.run = async (job) => { await job.sql`select 1`; };');
  worker = await servers.startWorker({
    jobs,
    env: { LRM_RETRY_INITIAL_INTERVAL: '100 ms', LRM_MAX_FAILURES: '1', LRM_MAX_CONCURRENT: '4' },
  });
  await register(servers, ...Object.keys(files).map(nameOf), BEHAVED);
  run = await startRun(servers);
}, 60_000);

const ENDED = ['completed', 'failed'];

test.each(Object.entries(files))('a job file: %s', async (shape, [, ...endings]) => {
  const { status, error } = await waitForMigration(
    servers,
    nameOf(shape),
    'end',
    (row) => ENDED.includes(row.status),
    50_000,
  );
  expect({ status, error, allowed: endings.includes(status as never) }).toMatchObject({
    allowed: true,
  });
  // One line that says something, with one place at most: no stack trace.
  if (status === 'failed') expect(error).toMatch(/^(?!.*\n)(?!.*( at .*:\d+:\d+){2}).{10,}$/s);
});

test('the migration behind all of them completes, and their worker goes on', async () => {
  await waitForMigration(servers, BEHAVED, 'complete', (row) => row.status === 'completed', 50_000);
  expect((await migration(servers, BEHAVED)).attempts).toBe(1);
  expect(worker.log().filter(({ level }) => level === 'fatal')).toEqual([]);
  await run.terminate().catch(() => {});
});
