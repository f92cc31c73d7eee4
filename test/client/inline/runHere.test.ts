import { spawn } from 'node:child_process';
import path from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { projectFolder } from '../../../settings/projectFolder';
import { useDevServers } from '../../support/devServers';
import { runLrm } from '../../support/lrm';
import {
  attempts,
  migration,
  register,
  startRun,
  waitForMigration,
} from '../../support/migrations';
import { waitFor } from '../../support/waitFor';

const servers = useDevServers();

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await servers.sql.unsafe(`
    create table if not exists ledger (id integer primary key, touched integer not null default 0);
    truncate ledger; insert into ledger select generate_series(1, 2000)`);
});

/** Each batch takes at least 30 ms. */
const LEDGER = `
  const { sql } = require('drizzle-orm');
  exports.run = (job) =>
    job.inBatches(sql\`ledger\`, { key: sql\`id\`, throttle: false, batchSize: { max: 40 } },
      async (tx, batch) => {
        await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
        await tx.execute(sql\`select pg_sleep(0.03)\`);
      });`;

const touched = () =>
  servers.sql<{ touched: number; rows: number }[]>`
    select touched, count(*)::int as rows from ledger group by 1 order by 1`;

/** Nothing listens at Temporal's address. */
const inline = (jobs: { path: string }, extra: NodeJS.ProcessEnv = {}) =>
  servers.env({ LRM_JOBS_DIR: jobs.path, TEMPORAL_ADDRESS: '127.0.0.1:1', ...extra });

test('lrm run --inline completes what is pending without Temporal, dependencies first', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_second', "exports.dependsOn = ['0002_first']; exports.run = async () => {};");
  jobs.writeJob(
    '0002_first',
    "exports.run = async () => console.log('\\u001b[31mprinted by a job');",
  );
  await register(servers, '0001_second', '0002_first');

  const { code, stdout, stderr } = await runLrm(inline(jobs), ['run', '--inline', '--json']);

  expect(JSON.parse(stdout)).toEqual([
    { name: '0002_first', status: 'completed', result: 'completed', error: null, skipped: 0 },
    { name: '0001_second', status: 'completed', result: 'completed', error: null, skipped: 0 },
  ]);
  expect(code).toBe(0);
  expect(stderr).toContain('0002_first: printed by a job');
  const [first] = await attempts(servers, '0002_first');
  const [second] = await attempts(servers, '0001_second');
  expect(first?.endedAt?.getTime()).toBeLessThanOrEqual(second?.startedAt.getTime() ?? 0);
  expect(first).toMatchObject({ outcome: 'completed', runId: expect.stringMatching(/^inline-/) });
});

test('lrm run --inline exits 1 and says which failed, waits, lacks its code or is paused', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_fails', "exports.run = async () => { throw new TypeError('never'); };");
  jobs.writeJob('0002_waits', "exports.dependsOn = ['0001_fails']; exports.run = async () => {};");
  jobs.writeJob('0004_paused', 'exports.run = async () => {};');
  await register(servers, '0001_fails', '0002_waits', '0003_missing', '0004_paused');
  await servers.succeeds('pause', '0004_paused');

  const { code, stdout } = await runLrm(inline(jobs), ['run', '--inline']);

  expect(code).toBe(1);
  expect(stdout).toMatch(/failed: 0001_fails: TypeError.*npx lrm retry 0001_fails/);
  expect(stdout).toMatch('created: 0002_waits: waits for 0001_fails (failed)');
  expect(stdout).toMatch('created: 0003_missing: no file 0003_missing');
  expect(stdout).not.toMatch('0004_paused');
  const named = await runLrm(inline(jobs), ['run', '--inline', '0004_paused']);
  expect(named).toMatchObject({ code: 1, stdout: expect.stringMatching(/paused: 0004_paused/) });
});

test('lrm run refuses names without --inline', async () => {
  expect(await servers.lrm('run', '0001_a')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching('npx lrm run --inline 0001_a'),
  });
});

test('a worker and two inline runs at once do each batch once', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_ledger', LEDGER);
  jobs.writeJob('0002_quick', 'exports.run = async () => {};');
  await register(servers, '0001_ledger', '0002_quick');
  const env = { LRM_HEARTBEAT_TIMEOUT: '2 seconds' };
  const worker = await servers.startWorker({ jobs, env });
  await startRun(servers);
  const ended = await Promise.all([
    runLrm(inline(jobs, env), ['run', '--inline']),
    runLrm(inline(jobs, env), ['run', '--inline']),
  ]);
  for (const { stderr } of ended) expect(stderr).not.toMatch(/superseded/);
  await waitForMigration(servers, '0001_ledger', 'complete', (row) => row.status === 'completed');
  await waitForMigration(servers, '0002_quick', 'complete', (row) => row.status === 'completed');
  expect(await touched()).toEqual([{ touched: 1, rows: 2000 }]);
  expect(await attempts(servers, '0001_ledger')).toHaveLength(1);
  await worker.stop();
});

test('Temporal does not take over a migration that runs inline', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_ledger', LEDGER);
  await register(servers, '0001_ledger');
  const env = { LRM_HEARTBEAT_TIMEOUT: '2 seconds' };
  const running = runLrm(inline(jobs, env), ['run', '--inline']);
  await waitForMigration(servers, '0001_ledger', 'begin', (row) => row.status === 'in_progress');
  const worker = await servers.startWorker({ jobs, env });
  await startRun(servers);
  expect(await running).toMatchObject({ code: 0 });
  expect(await attempts(servers, '0001_ledger')).toHaveLength(1);
  expect(await touched()).toEqual([{ touched: 1, rows: 2000 }]);
  await worker.stop();
});

test('lrm run --inline goes on where it was killed, and does each batch once', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_ledger', LEDGER);
  await register(servers, '0001_ledger');
  const env = inline(jobs, { LRM_HEARTBEAT_TIMEOUT: '2 seconds' });
  const first = start(env);
  await begun();
  first.kill('SIGKILL');

  expect(await runLrm(env, ['run', '--inline'])).toMatchObject({ code: 0 });

  expect(await touched()).toEqual([{ touched: 1, rows: 2000 }]);
  expect((await migration(servers, '0001_ledger')).attempts).toBe(2);
});

test('Ctrl-C stops at a safe point: the attempt is interrupted, and the next run goes on at once', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_ledger', LEDGER);
  await register(servers, '0001_ledger');
  const first = start(inline(jobs));
  await begun();
  first.kill('SIGINT');
  expect(await first.code).toBe(1);
  expect(first.output()).toMatch('in_progress: 0001_ledger: stopped; the next run goes on');
  const [attempt] = await attempts(servers, '0001_ledger');
  expect(attempt).toMatchObject({ outcome: 'interrupted', error: null });

  expect(await runLrm(inline(jobs), ['run', '--inline'])).toMatchObject({ code: 0 });
  expect(await touched()).toEqual([{ touched: 1, rows: 2000 }]);
});

test('Ctrl-C does not wait for a ready() that hangs', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_hangs',
    `exports.ready = async (job) => { await job.sql\`select pg_sleep(600)\`; };
     exports.run = async () => {};`,
  );
  await register(servers, '0001_hangs');
  const asking = () => servers.sql`select from pg_stat_activity
    where datname = current_database() and query like 'select pg_sleep(600)%'`;
  const first = start(inline(jobs));
  await waitFor('ready() to be asked', async () => (await asking()).length > 0);
  const since = Date.now();
  first.kill('SIGINT');
  expect(await first.code).toBe(1);
  expect(Date.now() - since).toBeLessThan(8_000);
  expect(first.output()).toMatch('created: 0001_hangs: stopped; the next run goes on');
  expect(await migration(servers, '0001_hangs')).toMatchObject({ attempts: 0, waitsFor: null });
});

const begun = () =>
  waitFor('some batches to be done', async () =>
    (await touched()).some((each) => each.touched === 1 && each.rows >= 200),
  );

/** Starts `lrm run --inline` as a process that a test can send signals to. */
function start(env: NodeJS.ProcessEnv) {
  const script = path.join(projectFolder, 'bin/lrm.js');
  const child = spawn(process.execPath, [script, 'run', '--inline'], { env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString();
    });
  }
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output: () => output, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}
