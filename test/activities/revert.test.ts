import { beforeEach, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import type { JobsFolder } from '../support/jobsFolder';
import { runLrm } from '../support/lrm';
import {
  attempts,
  currentDetails,
  migration,
  register,
  runToEnd,
  startRun,
  waitForMigration,
} from '../support/migrations';

const servers = useDevServers();
const NAME = '0001_ledger';
const FAST = { LRM_HEARTBEAT_TIMEOUT: '2 seconds', LRM_RETRY_INITIAL_INTERVAL: '100 ms' };
const ROWS = 600;

/** How long each batch takes, in seconds: long enough for a command to come before the end. */
const pace = (seconds: number) => servers.sql`update pace set seconds = ${seconds}`;
const SLOW = 0.5;

/** Counts each time that a row is done or undone: a batch that is repeated shows. */
const LEDGER = `
  const { sql } = require('drizzle-orm');
  const all = (column) => (job) =>
    job.inBatches(sql\`ledger\`, { key: sql\`id\`, throttle: false, batchSize: { max: 20 } },
      async (tx, batch) => {
        await tx.execute(sql\`update ledger set \${sql.raw(column)} = \${sql.raw(column)} + 1 where \${batch}\`);
        await tx.execute(sql\`select pg_sleep(seconds) from pace\`);
      });
  exports.run = all('done');
  exports.revert = all('undone');`;

const times = () =>
  servers.sql<{ done: number; undone: number; rows: number }[]>`
    select done, undone, count(*)::int as rows from ledger group by 1, 2 order by 1, 2`;

const lrm = (jobs: JobsFolder, ...args: string[]) =>
  runLrm(servers.env({ ...FAST, LRM_JOBS_DIR: jobs.path }), args);

const inline = (jobs: JobsFolder, ...args: string[]) =>
  runLrm(servers.env({ ...FAST, LRM_JOBS_DIR: jobs.path, TEMPORAL_ADDRESS: '127.0.0.1:1' }), args);

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await servers.sql.unsafe(`
    create table if not exists ledger (id integer primary key, done integer not null default 0,
      undone integer not null default 0);
    create table if not exists pace as select 0.0::float8 as seconds;
    update pace set seconds = 0; truncate ledger; insert into ledger select generate_series(1, ${ROWS})`);
});

test('a revert undoes each row once, through a killed worker, and lrm retry does each once more', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(NAME, LEDGER);
  await register(servers, NAME);
  expect(await inline(jobs, 'run', '--inline')).toMatchObject({ code: 0 });
  expect(await times()).toEqual([{ done: 1, undone: 0, rows: ROWS }]);
  expect(await migration(servers, NAME)).toMatchObject({ status: 'completed' });

  let worker = await servers.startWorker({ jobs, env: FAST });
  await pace(SLOW);
  expect(await lrm(jobs, 'revert', NAME, '--yes', '--reason', 'wrong')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^0001_ledger will be reverted\na run has been started/),
  });
  await waitForMigration(servers, NAME, 'be half reverted', (row) => Number(row.rowsDone) > 40);
  expect(await lrm(jobs, 'revert', NAME, '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching("is in_progress reverting: can't revert it"),
  });
  worker.kill('SIGKILL');
  await worker.exited;
  await pace(0);
  worker = await servers.startWorker({ jobs, env: FAST });
  const reverted = await waitForMigration(
    servers,
    NAME,
    'be reverted',
    ({ status }) => status === 'reverted',
  );
  expect(reverted).toMatchObject({ direction: 'revert', completedAt: null, error: null });
  expect(await times()).toEqual([{ done: 1, undone: 1, rows: ROWS }]);
  expect(await attempts(servers, NAME)).toMatchObject([
    { direction: 'forward', outcome: 'completed' },
    { direction: 'revert', outcome: 'interrupted' },
    { direction: 'revert', outcome: 'reverted' },
  ]);

  expect(await lrm(jobs, 'retry', NAME)).toMatchObject({
    stdout: expect.stringMatching('0001_ledger runs again, from the start'),
  });
  await waitForMigration(servers, NAME, 'complete', ({ status }) => status === 'completed');
  expect(await times()).toEqual([{ done: 2, undone: 1, rows: ROWS }]);
  await worker.stop();
});

test('a migration that stopped half way is reverted from its first row, and then runs from its first', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(NAME, LEDGER);
  await register(servers, NAME);
  const worker = await servers.startWorker({ jobs, env: FAST });
  await pace(SLOW);
  await startRun(servers);
  await waitForMigration(servers, NAME, 'be half done', (row) => Number(row.rowsDone) > 40);
  expect(await lrm(jobs, 'revert', NAME, '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching("is in_progress: can't revert it. Possible: npx lrm pause"),
  });
  expect((await lrm(jobs, 'pause', NAME)).code).toBe(0);
  const [{ rows: done = 0 } = {}] = (await times()).filter((each) => each.done === 1);
  expect(done).toBeGreaterThan(0);
  expect((await lrm(jobs, 'revert', NAME, '--yes')).code).toBe(0);
  await waitForMigration(servers, NAME, 'be half reverted', (row) => Number(row.rowsDone) > 40);

  expect((await lrm(jobs, 'pause', NAME)).code).toBe(0);
  expect(await migration(servers, NAME)).toMatchObject({ status: 'paused', direction: 'revert' });
  const shown = await lrm(jobs, 'status', NAME);
  expect(shown.stdout).toMatch(/status +paused while reverting\n/);
  expect(await lrm(jobs, 'finalize', NAME)).toMatchObject({ code: 1 });
  await pace(0);
  expect((await lrm(jobs, 'resume', NAME)).code).toBe(0);
  await waitForMigration(servers, NAME, 'be reverted', ({ status }) => status === 'reverted');
  expect(await times()).toEqual([
    { done: 0, undone: 1, rows: ROWS - done },
    { done: 1, undone: 1, rows: done },
  ]);
  expect(await lrm(jobs, 'retry', NAME, '--no-run')).toMatchObject({ code: 0 });
  await runToEnd(servers);
  expect(await times()).toEqual([
    { done: 1, undone: 1, rows: ROWS - done },
    { done: 2, undone: 1, rows: done },
  ]);
  await worker.stop();
});

test('a reverted migration is not completed for gates, dependants and finalize; the run says that it is reverted', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_a', 'exports.run = exports.revert = async () => {};');
  jobs.writeJob(
    '0002_after',
    "exports.dependsOn = ['0001_a']; exports.run = exports.revert = async () => {};",
  );
  await register(servers, '0001_a', '0002_after');
  await inline(jobs, 'run', '--inline');
  const worker = await servers.startWorker({ jobs, env: FAST });

  expect((await lrm(jobs, 'revert', '0001_a', '--yes', '--no-run')).code).toBe(0);
  expect(await lrm(jobs, 'finalize', '0001_a')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching('0001_a is to be reverted, so it will not be completed'),
  });
  const run = await lrm(jobs, 'run', '--wait', '--json');
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(run.stdout).result).toMatchObject({
    completed: { count: 0 },
    reverted: { count: 1, names: ['0001_a'] },
    stopped: { count: 0 },
  });
  expect(await currentDetails(servers)).toMatch(/\| reverted.*0001_a|\| reverted/);

  expect(await lrm(jobs, 'check', '0001_a')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching('0001_a is reverted. Next: npx lrm retry 0001_a'),
  });
  expect(await lrm(jobs, 'finalize', '0001_a')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching("0001_a is reverted: can't finalize it. Possible: npx lrm retry"),
  });
  const [first] = JSON.parse((await lrm(jobs, 'status', '--json')).stdout);
  expect(first).toMatchObject({ name: '0001_a', status: 'reverted', direction: 'revert' });
  // What depends on it can still go back, but not forward.
  expect((await lrm(jobs, 'revert', '0002_after', '--yes', '--no-run')).code).toBe(0);
  await runToEnd(servers);
  expect(await migration(servers, '0002_after')).toMatchObject({ status: 'reverted' });
  expect((await lrm(jobs, 'retry', '0002_after', '--no-run')).code).toBe(0);
  expect(await runToEnd(servers)).toMatchObject({
    left: { first: [{ name: '0002_after', reason: 'waits for 0001_a (reverted)' }] },
  });
  await worker.stop();
});

test('a revert that fails says so everywhere; lrm retry goes on with it, --forward runs forward', async () => {
  const jobs = servers.jobsFolder();
  const job = (revert: string) =>
    jobs.writeJob(
      '0001_a',
      `exports.run = async (job) => { await job.saveCheckpoint('run'); };
       exports.revert = async (job) => { ${revert} };`,
    );
  job("await job.saveCheckpoint('half'); throw new TypeError('never');");
  await register(servers, '0001_a');
  await inline(jobs, 'run', '--inline');
  expect((await inline(jobs, 'revert', '0001_a', '--yes')).code).toBe(0);
  expect(await inline(jobs, 'run', '--inline')).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/failed: 0001_a: while reverting: TypeError/),
  });
  const failed = await migration(servers, '0001_a');
  expect(failed).toMatchObject({ status: 'failed', direction: 'revert' });
  expect(failed.error).toMatch(/^while reverting: TypeError at 0001_a.*npx lrm retry 0001_a$/);
  expect((await inline(jobs, 'status', '0001_a')).stdout).toMatch('failed while reverting');

  job("if ((await job.checkpoint()) !== 'half') throw new TypeError('it did not go on');");
  expect(await inline(jobs, 'retry', '0001_a')).toMatchObject({
    stdout: expect.stringMatching('0001_a is reverted again, from where it stopped'),
  });
  expect(await inline(jobs, 'run', '--inline')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching('reverted: 1'),
  });
  expect(await migration(servers, '0001_a')).toMatchObject({ status: 'reverted', error: null });

  jobs.writeJob(
    '0001_a',
    `exports.run = async (job) => {
       if ((await job.checkpoint()) !== undefined) throw new TypeError('a checkpoint of revert()');
     };
     exports.revert = async () => { throw new TypeError('never'); };`,
  );
  await inline(jobs, 'retry', '0001_a', '--no-run');
  await inline(jobs, 'run', '--inline');
  await inline(jobs, 'revert', '0001_a', '--yes', '--no-run');
  await inline(jobs, 'run', '--inline');
  expect(await migration(servers, '0001_a')).toMatchObject({ status: 'failed' });
  expect(await inline(jobs, 'retry', '0001_a', '--forward', '--yes')).toMatchObject({ code: 0 });
  expect(await inline(jobs, 'run', '--inline')).toMatchObject({ code: 0 });
  expect(await migration(servers, '0001_a')).toMatchObject({
    status: 'completed',
    direction: 'forward',
  });
});

test('a job without a usable revert() is refused, here or by its attempt, and nothing is lost', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_a', 'exports.run = async () => {};');
  await register(servers, '0001_a');
  await inline(jobs, 'run', '--inline');
  expect(await inline(jobs, 'revert', '0001_a', '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /0001_a can't be reverted: its file exports no function 'revert'/,
    ),
  });
  jobs.writeJob('0001_a', 'exports.run = async () => {}; exports.revert = true;');
  expect(await inline(jobs, 'revert', '0001_a', '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/UsageError: revert: is not a function; write export async/),
  });
  expect(await migration(servers, '0001_a')).toMatchObject({ status: 'completed' });
  expect(await inline(jobs, 'revert', '0001_a')).toMatchObject({ code: 1 });

  // The operator's machine has no jobs: the attempt finds out.
  const elsewhere = servers.jobsFolder();
  expect(await inline(elsewhere, 'revert', '0001_a', '--yes')).toMatchObject({
    code: 0,
    stderr: expect.stringMatching('there is no file 0001_a here'),
  });
  jobs.writeJob('0001_a', 'exports.run = async () => {};');
  expect(await inline(jobs, 'run', '--inline')).toMatchObject({ code: 1 });
  expect((await migration(servers, '0001_a')).error).toMatch(
    /^while reverting: the job can't be loaded: UsageError: no function 'revert' is exported/,
  );
});

test('a revert waits for no ready() and needs no verify(), and no `or` takes it for done when it failed', async () => {
  const jobs = servers.jobsFolder();
  const job = (revert: string) =>
    jobs.writeJob(
      '0001_a',
      `exports.run = async () => {};
       exports.ready = async (job) => job.sql\`select from gate\`.then(([row]) => row && 'not now');
       exports.verify = async (job) => job.sql\`select from gate\`.then((rows) => rows.length);
       exports.revert = async () => { ${revert} };`,
    );
  job("throw new TypeError('never')");
  jobs.writeJob(
    '0002_after',
    "exports.dependsOn = [{ name: '0001_a', or: ['failed'] }]; exports.run = async () => {};",
  );
  await servers.sql`create table gate ()`;
  await register(servers, '0001_a');
  expect(await inline(jobs, 'run', '--inline')).toMatchObject({ code: 0 });
  await servers.sql`insert into gate default values`;
  expect((await inline(jobs, 'revert', '0001_a', '--yes', '--no-run')).code).toBe(0);
  await inline(jobs, 'run', '--inline');
  expect(await migration(servers, '0001_a')).toMatchObject({ status: 'failed' });
  await register(servers, '0002_after');
  expect(await inline(jobs, 'run', '--inline')).toMatchObject({
    stdout: expect.stringMatching('waits for 0001_a \\(failed while reverting\\)'),
  });
  job('');
  await inline(jobs, 'retry', '0001_a', '--no-run');
  await inline(jobs, 'run', '--inline');
  expect(await migration(servers, '0001_a')).toMatchObject({ status: 'reverted' });
});

test('lrm migrate --complete-on-empty undoes nothing', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_a', 'exports.run = exports.revert = async () => {};');
  await register(servers, '0001_a');
  await inline(jobs, 'run', '--inline');
  await inline(jobs, 'revert', '0001_a', '--yes', '--no-run');
  const { stdout } = await inline(jobs, 'migrate', '--complete-on-empty', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    completed: [],
    left: [{ name: '0001_a', reason: 'left for a worker: it is to be reverted' }],
  });
  expect(await migration(servers, '0001_a')).toMatchObject({ status: 'created', attempts: 1 });
});
