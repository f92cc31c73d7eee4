import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { CHANNEL } from '../../../jobs/process/channel';
import { useDevServers } from '../../support/devServers';
import {
  attempts,
  migration,
  register,
  resultOf,
  runToEnd,
  startRun,
  waitForMigration,
} from '../../support/migrations';
import { isRunning, waitForEnd } from '../../support/processes';
import { waitFor } from '../../support/waitFor';

const servers = useDevServers();
const NAME = '0001_job';
const FAST = { LRM_HEARTBEAT_TIMEOUT: '2 seconds', LRM_RETRY_INITIAL_INTERVAL: '100ms' };

beforeAll(() => servers.sql`create table processes (pid int, attempt int)`);

afterEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await servers.sql`truncate processes`;
});

/** Registers a job that stores the ID of its process and then executes `body`. */
async function prepare(body: string) {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    NAME,
    `exports.run = async (job) => {
      await job.sql\`insert into processes values (\${process.pid}, \${job.attempt})\`;
      ${body} };`,
  );
  await register(servers, NAME);
  return jobs;
}

/** The process of an attempt. Waits until the attempt has started. */
const processOf = (attempt: number) =>
  waitFor(`attempt ${attempt} to run`, async () => {
    const [row] = await servers.sql`select pid from processes where attempt = ${attempt}`;
    return row && Number(row['pid']);
  });

const FOR_EVER = 'await new Promise(() => setInterval(() => {}, 1000));';

test('a job has its own process, which has ended when the migration is completed', async () => {
  const jobs = await prepare('');
  const worker = await servers.startWorker({ jobs });

  await runToEnd(servers);

  const pid = await processOf(1);
  expect(pid).not.toBe(worker.pid);
  expect(isRunning(pid)).toBe(false);
  await worker.stop();
});

test.each([
  ['that never awaits', 'for (;;);'],
  ['blocked in a native call', "require('node:child_process').execSync('exec sleep 600');"],
])('when a worker is killed, its job ends, too (a job %s)', async (_, body) => {
  const jobs = await prepare(body);
  // The job must end at once, not only after the heartbeat timeout.
  const worker = await servers.startWorker({ jobs, env: { LRM_HEARTBEAT_TIMEOUT: '10 minutes' } });
  const run = await startRun(servers);
  const pid = await processOf(1);

  worker.kill('SIGKILL');

  await waitForEnd('the job', pid);
  await run.terminate();
});

test('a job of a frozen worker ends at the heartbeat timeout, also one that never awaits', async () => {
  const jobs = await prepare('for (;;);');
  const worker = await servers.startWorker({ jobs, env: FAST });
  const run = await startRun(servers);
  const pid = await processOf(1);
  worker.kill('SIGSTOP');

  await waitForEnd('the job', pid);

  worker.kill('SIGCONT');
  await processOf(2);
  expect((await attempts(servers, NAME))[0]).toMatchObject({ outcome: 'interrupted' });
  await run.terminate();
  await worker.stop();
});

test('signals to its process group don’t end a job: only its worker stops it', async () => {
  const jobs = await prepare(FOR_EVER);
  const worker = await servers.startWorker({ jobs, env: { LRM_STOP_GRACE: '1 second' } });
  const run = await startRun(servers);
  const pid = await processOf(1);

  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.kill(-pid, signal);
  expect((await servers.lrm('pause', NAME)).code).toBe(0);

  await waitForMigration(servers, NAME, 'be paused', (row) => row.status === 'paused');
  expect(await attempts(servers, NAME)).toMatchObject([{ outcome: 'paused' }]);
  await resultOf(run);
  await worker.stop();
});

test('a job blocked in a native call is killed after its time limit, with its child processes; its worker goes on', async () => {
  const jobs = await prepare(`
    const command = 'echo $$ > started; exec sleep 600';
    if (job.attempt === 1) require('node:child_process').execSync(command, { cwd: __dirname });`);
  const worker = await servers.startWorker({
    jobs,
    env: { ...FAST, LRM_START_TO_CLOSE: '4 seconds' },
  });
  const run = await startRun(servers);

  expect(await run.result()).toMatchObject({ completed: { names: [NAME] } });

  expect(await attempts(servers, NAME)).toMatchObject([
    { outcome: 'timed_out' },
    { outcome: 'completed' },
  ]);
  await waitForEnd(
    'the job’s child process',
    Number(readFileSync(path.join(jobs.path, 'started'), 'utf8')),
  );
  expect(await worker.stop()).toBe(0);
});

test('after a crash of its process a job is retried, its child processes are ended, and its row says why', async () => {
  const jobs = await prepare(`
    const { pid } = require('node:child_process').spawn('sleep', ['600']);
    await job.sql\`insert into processes values (\${pid}, \${-job.attempt})\`;
    process.kill(process.pid, 'SIGSEGV'); for (;;);`);
  const worker = await servers.startWorker({ jobs, env: { ...FAST, LRM_MAX_FAILURES: '2' } });

  await runToEnd(servers);

  expect(await attempts(servers, NAME)).toMatchObject([
    { outcome: 'retried' },
    { outcome: 'failed' },
  ]);
  expect((await migration(servers, NAME)).error).toMatch(/the job's process ended \(SIGSEGV\)/);
  for (const attempt of [-1, -2]) await waitForEnd('its child process', await processOf(attempt));
  expect(await worker.stop()).toBe(0);
});

test.each([
  ['returns', 'completed', ''],
  ['throws', 'failed', "throw new TypeError('now');"],
])('all output of a job that then %s is printed', async (_, outcome, end) => {
  const jobs = await prepare(`
    for (let n = 1; n <= 200; n++) console.log('line ' + n);
    console.error('the last word');
    ${end}`);
  const worker = await servers.startWorker({ jobs });

  await runToEnd(servers);

  expect(await attempts(servers, NAME)).toMatchObject([{ outcome }]);
  await worker.stop();
  const printed = worker.log().filter(({ stream }) => stream !== undefined);
  expect(printed.filter(({ msg }) => msg.startsWith('line '))).toHaveLength(200);
  expect(printed.at(-1)).toMatchObject({ msg: 'the last word', level: 'warn' });
});

test('a job that closes the channel of its process is ended at once and retried', async () => {
  const jobs = await prepare(
    `if (job.attempt === 1) { require('node:fs').closeSync(${CHANNEL}); for (;;); }`,
  );
  const worker = await servers.startWorker({ jobs });

  expect(await (await startRun(servers)).result()).toMatchObject({ completed: { names: [NAME] } });

  expect(await attempts(servers, NAME)).toMatchObject([
    { outcome: 'retried' },
    { outcome: 'completed' },
  ]);
  await worker.stop();
});

test('a job that writes to file descriptors 3 to 5 does no harm', async () => {
  const jobs = await prepare(`
    for (const fd of [3, 4, 5]) {
      try { require('node:fs').writeSync(fd, 'a stray line\\n'); } catch {}
    }
    job.log.info('said afterwards');`);
  const worker = await servers.startWorker({ jobs });

  expect(await (await startRun(servers)).result()).toMatchObject({ completed: { names: [NAME] } });

  expect(worker.log().map(({ msg }) => msg)).toContain('said afterwards');
  expect(await worker.stop()).toBe(0);
});

test.each([
  ['a stray line', "'a stray line\\n'"],
  ['JSON that is not a message', `'{"type":"none of ours"}\\n'`],
  ['a message with wrong contents', `'{"type":"failed","error":7}\\n'`],
  ['bytes', 'Buffer.alloc(64, 0xff)'],
  ['megabytes without an end', "'x'.repeat(3_000_000)"],
])('%s on the channel ends only the job that wrote it, and its row says why', async (_, what) => {
  const jobs = await prepare(`
    const { writeSync } = require('node:fs');
    const bytes = Buffer.from(${what});
    for (let at = 0; at < bytes.length; ) {
      try { at += writeSync(${CHANNEL}, bytes, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
    }
    writeSync(${CHANNEL}, '\\n');
    ${FOR_EVER}`);
  const worker = await servers.startWorker({ jobs, env: { ...FAST, LRM_MAX_FAILURES: '2' } });

  await runToEnd(servers);

  expect(await attempts(servers, NAME)).toMatchObject([
    { outcome: 'retried' },
    { outcome: 'failed' },
  ]);
  expect((await migration(servers, NAME)).error).toMatch(/wrote to file descriptor 15, by which/);
  expect(await worker.stop()).toBe(0);
});

test('with a memory limit too small to load anything, the error names LRM_MEMORY_LIMIT_MB', async () => {
  const jobs = await prepare('');
  const env = { ...FAST, LRM_MAX_FAILURES: '2', LRM_MEMORY_LIMIT_MB: '4' };
  const worker = await servers.startWorker({ jobs, env });

  await runToEnd(servers);

  expect((await migration(servers, NAME)).error).toMatch(/LRM_MEMORY_LIMIT_MB/);
  expect(await worker.stop()).toBe(0);
});
