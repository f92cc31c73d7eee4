import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { InlineResult } from '../../activities/runInline';
import { askEverybody, whyNotReady } from '../../activities/whyNotReady';
import { useDevServers } from '../support/devServers';
import type { JobsFolder } from '../support/jobsFolder';
import { runLrm } from '../support/lrm';
import {
  attempts,
  migration,
  register,
  runToEnd,
  startRun,
  waitForMigration,
} from '../support/migrations';
import { waitFor } from '../support/waitFor';
import type { TestWorker } from '../support/workerProcess';

const servers = useDevServers();
let jobs: JobsFolder;
let worker: TestWorker | undefined;

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await servers.sql.unsafe('create table if not exists gate (); truncate gate');
  jobs = servers.jobsFolder();
});

afterEach(async () => {
  await servers.client.workflow
    .getHandle('long-running-migrations')
    .terminate()
    .catch(() => {});
  await worker?.stop();
  worker = undefined;
});

const DONE = 'exports.run = async () => {};';
/** Each call adds its time to <name>.asked, since its sessions can't write. */
const ready = (body: string) => `
  exports.ready = async (job) => {
    require('node:fs').appendFileSync(__dirname + '/' + job.name + '.asked', Date.now() + '\\n');
    ${body}
  };`;
const askedAt = (name: string): number[] => {
  const file = path.join(jobs.path, `${name}.asked`);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
};
const asked = (name: string): number => askedAt(name).length;
const GATE = ready(
  "if ((await job.sql`select from gate`).length === 0) return 'the gate is closed';",
);
const tick = () => servers.client.workflow.getHandle('long-running-migrations').signal('tick');
const readySessions = () => servers.sql`
  select pid from pg_stat_activity
  where datname = current_database() and application_name = 'lrm:long_running_migrations:ready'`;

test('a migration that is not ready waits, says why, counts no attempt, and is asked again by each tick', async () => {
  jobs.writeJob('0001_gated', `${GATE} ${DONE}`);
  // Keeps the run going.
  jobs.writeJob(
    '0002_runs',
    `exports.run = async (job) => {
      while ((await job.sql\`select from gate\`).length === 0) {
        job.signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };`,
  );
  jobs.writeJob('0003_short', DONE);
  worker = await servers.startWorker({ jobs, env: { LRM_MAX_CONCURRENT: '3' } });
  await register(servers, '0001_gated', '0002_runs', '0003_short');
  await startRun(servers);
  await waitForMigration(servers, '0003_short', 'complete', (row) => row.status === 'completed');
  const waiting = await waitForMigration(
    servers,
    '0001_gated',
    'wait',
    (row) => row.waitsFor !== null,
  );
  expect(waiting).toMatchObject({
    status: 'created',
    attempts: 0,
    waitsFor: 'not ready: the gate is closed',
  });
  expect((await servers.succeeds('status', '0001_gated')).stdout).toMatch(
    'not ready: the gate is closed',
  );
  // The end of 0003_short has brought another listing, which believed the first one.
  expect(asked('0001_gated')).toBe(1);

  await tick();
  await waitFor('it to be asked again', () => asked('0001_gated') === 2);

  await servers.sql`insert into gate default values`;
  await tick();
  await waitForMigration(servers, '0001_gated', 'complete', (row) => row.status === 'completed');
  expect(await attempts(servers, '0001_gated')).toHaveLength(1);
  expect(await readySessions()).toEqual([]);
}, 60_000);

const REASONS: Record<string, readonly [body: string, reason: string | RegExp]> = {
  '0001_walks': [
    'await job.inBatches();',
    "ready() failed: JobUsageError: job.inBatches can't be used in ready(), which only looks: do the work in run()",
  ],
  '0002_writes': [
    'await job.sql`insert into gate default values`;',
    /^ready\(\) failed: the server is read-only \(SQLSTATE 25006\)/,
  ],
  '0003_leaks': [
    "await job.sql`select 'alice@example.com'::int`;",
    /^ready\(\) failed: text that cannot be converted to the type \(SQLSTATE 22P02\)/,
  ],
  '0004_number': [
    'return 5;',
    'ready() failed: JobUsageError: it returned a value of type number: return a reason to wait as text, or nothing',
  ],
  '0005_odd_text': [
    "return 'a\\u001b[31m \\n b\\u0007' + 'x'.repeat(5000);",
    /^not ready: a bx+…$/,
  ],
  '0006_throws': ["throw new Error('y'.repeat(5000));", /^ready\(\) failed: Error: y+…/],
  '0007_exits': ['process.exit(3);', /^ready\(\) failed: Exit: .*process\.exit, code 3/],
  '0008_in_a_timer': [
    "setTimeout(() => { throw new Error('in a timer'); }, 1); await new Promise(() => {});",
    /^ready\(\) failed: outside of run\(\): Error: in a timer/,
  ],
};

test('errors and odd answers are reasons to wait, short and without rows; the others run', async () => {
  for (const [name, [body]] of Object.entries(REASONS)) {
    jobs.writeJob(name, `${ready(body)} ${DONE}`);
  }
  jobs.writeJob('0100_nothing', `${ready('')} ${DONE}`);
  jobs.writeJob('0101_empty', `${ready("return ' ';")} ${DONE}`);
  worker = await servers.startWorker({ jobs });
  await register(servers, ...Object.keys(REASONS), '0100_nothing', '0101_empty');
  const result = await runToEnd(servers);
  expect(result.completed.names).toEqual(['0100_nothing', '0101_empty']);
  expect(result.left.count).toBe(Object.keys(REASONS).length);
  for (const [name, [, reason]] of Object.entries(REASONS)) {
    const { waitsFor, ...row } = await migration(servers, name);
    expect(row).toMatchObject({ status: 'created', attempts: 0 });
    if (typeof reason === 'string') expect(waitsFor).toContain(reason);
    else expect(waitsFor).toMatch(reason);
    expect(waitsFor?.length).toBeLessThanOrEqual(400);
  }
  const shown = JSON.stringify([await servers.lrm('status'), worker.log(), result]);
  expect(shown).not.toMatch('alice@');
  expect(await servers.sql`select from gate`).toHaveLength(0);
}, 60_000);

test('a ready() that does not answer is given up, is not asked by the next listing, and holds up no other', async () => {
  const HANGS = ready('await job.sql`select pg_sleep(600)`;');
  const HANGING = ['0001_hangs', '0002_hangs', '0003_hangs'];
  for (const name of HANGING) {
    jobs.writeJob(name, `${HANGS} ${DONE}`);
  }
  jobs.writeJob('0004_gated', `${GATE} ${DONE}`);
  worker = await servers.startWorker({ jobs });
  await register(servers, ...HANGING, '0004_gated');
  await servers.sql`insert into gate default values`;
  const first = await runToEnd(servers);
  // Before the first of them was given up, all had been asked.
  const times = HANGING.flatMap(askedAt);
  expect(Math.max(...times) - Math.min(...times)).toBeLessThan(10_000);
  expect(first.completed.names).toEqual(['0004_gated']);
  expect((await migration(servers, '0001_hangs')).waitsFor).toBe(
    'ready() did not answer within 10 s',
  );
  const again = await runToEnd(servers);
  expect(again.left.count).toBe(3);
  expect(HANGING.map(asked)).toEqual([1, 1, 1]);
  await waitFor('the sessions to end', async () => (await readySessions()).length === 0);
}, 90_000);

test('a listing without time to ask everybody leaves the others to the next one', async () => {
  const deps = { settings: { databaseUrl: '' }, log: undefined } as never;
  const believed = { forMs: 0, until: 0 };
  expect(askEverybody()).toBe(0);
  expect(await whyNotReady(deps, '0001_late', '', believed)).toMatch('the next check asks it');
  // What was answered since the first listing will do for the second one: it asks the others.
  expect(askEverybody()).toBeGreaterThan(0);
  // The third one asks everybody again.
  expect(askEverybody()).toBe(0);
});

test('an attempt judges again before it begins: dependsOn and ready() are not passed over', async () => {
  // The listing does not learn the facts of these files, as on a machine that is too slow.
  const firstExits = (name: string) => `
    const mark = __dirname + '/${name}.loaded';
    const { existsSync, writeFileSync } = require('node:fs');
    if (!existsSync(mark)) { writeFileSync(mark, ''); process.exit(0); }`;
  const RUNS = 'exports.run = async (job) => { await job.sql`insert into gate default values`; };';
  jobs.writeJob(
    '0001_depends',
    `${firstExits('0001_depends')} exports.dependsOn = ['0009_missing']; ${RUNS}`,
  );
  jobs.writeJob(
    '0002_not_ready',
    `${firstExits('0002_not_ready')} ${ready("return 'no';")} ${RUNS}`,
  );
  worker = await servers.startWorker({ jobs, env: { LRM_RETRY_INITIAL_INTERVAL: '11 s' } });
  await register(servers, '0001_depends', '0002_not_ready');
  const result = await runToEnd(servers);
  expect(result).toMatchObject({
    completed: { count: 0 },
    failed: { count: 0 },
    left: { count: 2 },
  });
  expect((await migration(servers, '0001_depends')).waitsFor).toBe(
    'waits for 0009_missing (not registered)',
  );
  expect((await migration(servers, '0002_not_ready')).waitsFor).toBe('not ready: no');
  expect(await servers.sql`select from gate`).toHaveLength(0);
}, 90_000);

test('dependsOn with `or` takes other ends for completed, and no other status', async () => {
  const after = (name: string, ...or: string[]) =>
    `exports.dependsOn = ['0001_ends', { name: '${name}', or: ${JSON.stringify(or)} }]; ${DONE}`;
  jobs.writeJob('0001_ends', DONE);
  jobs.writeJob('0002_fails', "exports.run = async () => { throw new TypeError('never'); };");
  jobs.writeJob('0003_after_failed', after('0002_fails', 'failed'));
  jobs.writeJob('0004_after_cancelled', after('0002_fails', 'cancelled'));
  jobs.writeJob('0005_after_paused', after('0006_paused', 'failed', 'cancelled'));
  jobs.writeJob('0006_paused', DONE);
  worker = await servers.startWorker({ jobs });
  await register(
    servers,
    '0001_ends',
    '0003_after_failed',
    '0004_after_cancelled',
    '0005_after_paused',
    '0006_paused',
    '0002_fails',
  );
  await servers.succeeds('pause', '0006_paused');
  const finalize = () =>
    runLrm(servers.env({ LRM_JOBS_DIR: jobs.path }), ['finalize', '0003_after_failed']);
  expect(await finalize()).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/0003_after_failed depends on 0001_ends \(created\), 0002_fails/),
  });

  const result = await runToEnd(servers);

  expect(result.completed.names).toEqual(['0001_ends', '0003_after_failed']);
  expect((await migration(servers, '0004_after_cancelled')).waitsFor).toBe(
    'waits for 0002_fails (failed)',
  );
  expect((await migration(servers, '0005_after_paused')).waitsFor).toBe(
    'waits for 0006_paused (paused)',
  );
  await servers.succeeds('retry', '0003_after_failed', '--from-start', '--yes', '--no-run');
  expect((await finalize()).code).toBe(0);
}, 60_000);

test('lrm run --inline asks once, and again when nothing else runs', async () => {
  const quick = ['0001_quick', '0002_quick', '0003_quick'];
  for (const name of quick) jobs.writeJob(name, DONE);
  jobs.writeJob('0004_gated', `${GATE} ${DONE}`);
  jobs.writeJob(
    '0005_follows',
    `${ready("if ((await job.sql`select from long_running_migrations.migrations where name = '0003_quick' and status = 'completed'`).length === 0) return 'too early';")} ${DONE}`,
  );
  await register(servers, ...quick, '0004_gated', '0005_follows');
  const { code, stdout } = await runLrm(
    servers.env({ LRM_JOBS_DIR: jobs.path, LRM_MAX_CONCURRENT: '1' }),
    ['run', '--inline'],
  );
  expect(code).toBe(1);
  expect(stdout).toMatch('created: 0004_gated: not ready: the gate is closed');
  expect((await migration(servers, '0005_follows')).status).toBe('completed');
  // First, when the quick ones had ended, and when 0005_follows had ended.
  expect(asked('0004_gated')).toBe(3);
  expect(asked('0005_follows')).toBeLessThanOrEqual(3);
}, 60_000);

test('lrm run --inline asks those, too, that come behind more slow ones than there is time for', async () => {
  const slow = Array.from({ length: 4 }, (_, at) => `000${at + 1}_slow`);
  const wait = 'await new Promise((resolve) => setTimeout(resolve, 1_500));';
  for (const name of slow) jobs.writeJob(name, `${ready(`${wait} return 'not yet';`)} ${DONE}`);
  jobs.writeJob('0005_last', `${ready('')} ${DONE}`);
  await register(servers, ...slow, '0005_last');
  const script = ['--import', 'tsx', path.join(__dirname, 'runInlineFor.ts'), '1000'];
  const env = servers.env({ LRM_JOBS_DIR: jobs.path });
  const { stdout } = await promisify(execFile)(process.execPath, script, { env });
  const results: InlineResult[] = JSON.parse(stdout);
  expect(results.find(({ name }) => name === '0005_last')?.outcome).toBe('completed');
  for (const { name, reason } of results.filter(({ outcome }) => outcome === 'left')) {
    expect({ name, reason }).toEqual({ name, reason: 'not ready: not yet' });
  }
  expect(results).toHaveLength(5);
}, 120_000);
