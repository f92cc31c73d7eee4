import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type ChangedBuild, changedBuild, inEachTurn } from '../support/changedBuild';
import { useDevServers } from '../support/devServers';
import type { JobsFolder } from '../support/jobsFolder';
import { runLrm } from '../support/lrm';
import { attempts, register, resultOf, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';

// A newer build replaces an older one while a run is going: its workflow code has a further command,
// behind patched(), and its jobs are more. Nothing is done twice, and nothing is left.
const servers = useDevServers();
let newer: ChangedBuild;
const RUN = 'long-running-migrations';

beforeAll(() => {
  newer = changedBuild(
    inEachTurn("if ((0, workflow.patched)('wait-a-little')) await (0, workflow.sleep)(1);"),
  );
});

afterAll(() => newer?.remove());

beforeEach(() =>
  servers.sql.unsafe(`
    drop table if exists gate, numbers;
    create table gate ();
    create table numbers (id bigint primary key, n integer not null default 0);
    insert into numbers (id) select generate_series(1, 1000);
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges;
    truncate long_running_migrations.migrations cascade`),
);

/** Adds 1 to each row, and waits between two batches until the gate is open. */
const LONG = `
const { bigint, integer, pgTable } = require('drizzle-orm/pg-core');
const { sql } = require('drizzle-orm');
const numbers = pgTable('numbers', { id: bigint({ mode: 'bigint' }).primaryKey(), n: integer() });
exports.run = async (job) => {
  let batches = 0;
  const options = { key: numbers.id, throttle: false, batchSize: { min: 10, max: 10 } };
  await job.inBatches(numbers, options, async (tx, batch) => {
    await tx.update(numbers).set({ n: sql\`n + 1\` }).where(batch);
    if (++batches < 10) return;
    while ((await job.sql\`select from gate\`).length === 0) {
      job.signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
};`;

const openGate = () => servers.sql`insert into gate default values`;

const underWay = () =>
  waitForMigration(servers, '0001_long', 'be under way', ({ rowsDone }) => Number(rowsDone) >= 50);

async function expectEachRowOnce(): Promise<void> {
  const rows = await servers.sql`select n, count(*)::int as rows from numbers group by n`;
  expect(rows).toEqual([{ n: 1, rows: 1_000 }]);
}

/** The jobs of the older build, and those of the newer one. */
function jobFolders(): [older: JobsFolder, newer: JobsFolder] {
  const folders = [servers.jobsFolder(), servers.jobsFolder()] as const;
  for (const folder of folders) folder.writeJob('0001_long', LONG);
  folders[1].writeJob('0002_new', 'exports.run = async () => {};');
  return [...folders];
}

/** All is completed, and the long one by the second worker, after the first was interrupted. */
async function expectTakenOver(
  run: Parameters<typeof resultOf>[0],
  older: { readonly pid: number },
  younger: { readonly pid: number },
): Promise<void> {
  const result = await resultOf(run);
  expect(result).toMatchObject({
    completed: { count: 2 },
    failed: { count: 0 },
    left: { count: 0 },
  });
  expect(await attempts(servers, '0001_long')).toMatchObject([
    { outcome: 'interrupted', worker: expect.stringMatching(`^${older.pid}@`) },
    { outcome: 'completed', worker: expect.stringMatching(`^${younger.pid}@`) },
  ]);
}

const events = async (): Promise<string[]> => {
  const { events: found } = await servers.client.workflow.getHandle(RUN).fetchHistory();
  return (found ?? []).map((event) => Object.keys(event).join(' '));
};

test('without versions: a run goes over to the newer workers, with what only they know', async () => {
  const [olderJobs, newerJobs] = jobFolders();
  await register(servers, '0001_long', '0002_new');
  const env = { LRM_MAX_CONCURRENT: '2' };
  const older = await servers.startWorker({ jobs: olderJobs, env });
  const run = await startRun(servers);
  await underWay();
  const [row] = await servers.sql`
    select status, waits_for from long_running_migrations.migrations where name = '0002_new'`;
  expect(row).toEqual({
    status: 'created',
    waits_for: expect.stringContaining('no file 0002_new'),
  });

  const younger = await servers.startWorker({ jobs: newerJobs, env, application: newer.worker });
  await run.signal('statusChanged');
  expect(await older.stop()).toBe(0);
  await openGate();
  await expectTakenOver(run, older, younger);
  expect(await attempts(servers, '0002_new')).toMatchObject([{ number: 1, outcome: 'completed' }]);
  await expectEachRowOnce();
  expect((await events()).join('\n')).toContain('markerRecorded');
  await younger.stop();
}, 120_000);

test('with versions: the older workers keep what they run, and the next attempt is that of the current version', async () => {
  const [olderJobs, newerJobs] = jobFolders();
  await register(servers, '0001_long', '0002_new');
  const env = (build: string) => ({
    LRM_MAX_CONCURRENT: '2',
    LRM_HEARTBEAT_TIMEOUT: '2 seconds',
    LRM_DEPLOYMENT: 'orders',
    LRM_BUILD_ID: build,
  });
  const deploy = async (build: string) => {
    const { code, stderr } = await runLrm(servers.env(env(build)), ['deploy']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  };
  const older = await servers.startWorker({ jobs: olderJobs, env: env('one') });
  await deploy('one');
  const run = await startRun(servers);
  await underWay();

  const newerOptions = { jobs: newerJobs, env: env('two'), application: newer.worker };
  const younger = await servers.startWorker(newerOptions);
  // The newer worker polls, and gets nothing yet: the run lists on the older one.
  await servers.sql`update long_running_migrations.migrations set waits_for = null`;
  await run.signal('tick');
  await waitForMigration(servers, '0002_new', 'be listed', ({ waitsFor }) => waitsFor !== null);
  expect(await attempts(servers, '0002_new')).toEqual([]);
  await deploy('two');
  await waitForMigration(
    servers,
    '0002_new',
    'be completed',
    ({ status }) => status === 'completed',
  );
  expect(await attempts(servers, '0001_long')).toMatchObject([{ outcome: null }]);

  // It never comes back. The attempt is retried on the current version, not on the lost one.
  older.kill('SIGKILL');
  await waitFor(
    'the next attempt',
    async () => (await attempts(servers, '0001_long')).length === 2,
  );
  await openGate();
  await expectTakenOver(run, older, younger);
  await expectEachRowOnce();
  const all = (await events()).join('\n');
  expect(all).toContain('markerRecorded');
  expect(all).not.toContain('workflowTaskFailed');
  await younger.stop();
}, 120_000);
