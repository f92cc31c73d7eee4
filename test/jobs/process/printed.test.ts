import { afterEach, expect, test } from '@jest/globals';
import { useDevServers } from '../../support/devServers';
import { runLrm } from '../../support/lrm';
import { attempts, register, runToEnd, startRun } from '../../support/migrations';
import { waitFor } from '../../support/waitFor';
import type { LogLine, TestWorker } from '../../support/workerProcess';

const servers = useDevServers();
const NAME = '0001_prints';
const FAST = { LRM_RETRY_INITIAL_INTERVAL: '100ms' };

afterEach(() => servers.sql`truncate long_running_migrations.migrations cascade`);

async function startJob(source: string, env: NodeJS.ProcessEnv = {}): Promise<TestWorker> {
  const jobs = servers.jobsFolder();
  jobs.writeJob(NAME, source);
  const worker = await servers.startWorker({ jobs, env: { ...FAST, ...env } });
  await register(servers, NAME);
  return worker;
}

const ofJob = (worker: TestWorker): LogLine[] =>
  worker.log().filter(({ from, stream }) => from === 'job' && stream !== undefined);

/** Everything else that is on the worker's output would not be JSON. */
function expectOnlyJson(worker: TestWorker): void {
  for (const line of worker.printed().split('\n').filter(Boolean)) JSON.parse(line);
}

const position = (worker: TestWorker, msg: RegExp) =>
  worker.log().findIndex((line) => msg.test(line.msg));

test('what a job prints becomes lines of the log, with its attempt and without secrets and commands', async () => {
  const worker = await startJob(
    `console.log('loaded');
    exports.run = async () => {
      console.log('first\\nsecond\\r\\n\\nthird');
      console.error('password', 'not-for-every1', 'postgres://app:hunter22@db/app');
      console.log('\\u001b[31mred\\u001b[0m \\u202ekcab');
      process.stdout.write(Buffer.from('ä').subarray(0, 1));
      process.stdout.write(Buffer.from('ä').subarray(1));
      process.stdout.write(' 4c6174696e\\n', 'utf8');
      process.stderr.write('c3b60a', 'hex');
      console.log('x'.repeat(100_000));
      process.emitWarning('careful');
      const { Worker } = require('node:worker_threads');
      const thread = new Worker("console.log('of a thread')", { eval: true });
      await new Promise((resolve) => thread.once('exit', resolve));
      process.stdout.write('no end');
    };`,
    { PGPASSWORD: 'not-for-every1' },
  );

  await runToEnd(servers);
  await worker.stop();

  expectOnlyJson(worker);
  const [loaded, ...lines] = ofJob(worker);
  expect(loaded).toMatchObject({ level: 'info', msg: 'loaded', job: NAME });
  expect(loaded).not.toHaveProperty('migration');
  expect(loaded).not.toHaveProperty('attempt');
  for (const line of lines) expect(line).toMatchObject({ migration: NAME, attempt: 1 });
  const textOf = (wanted: string) =>
    lines.filter(({ stream }) => stream === wanted).map(({ msg }) => msg);
  expect(textOf('stdout')).toEqual([
    'loaded',
    'first',
    'second',
    'third',
    'red kcab',
    'ä 4c6174696e',
    `${'x'.repeat(8_000)}…`,
    'of a thread',
    'no end',
  ]);
  expect(textOf('stderr')).toEqual([
    'password *** postgres://app:***@db/app',
    'ö',
    expect.stringMatching(/^\(node:\d+\) Warning: careful$/),
    expect.stringMatching(/trace-warnings/),
  ]);
  expect(new Set(lines.map(({ stream, level }) => `${stream} ${level}`))).toEqual(
    new Set(['stdout info', 'stderr warn']),
  );
  expect(position(worker, /^no end$/)).toBeLessThan(position(worker, /^completed$/));
});

test('a flood of lines is left out, and counted, also of a job that never awaits', async () => {
  const worker = await startJob(
    "exports.run = () => { for (let n = 0; n < 200_000; n++) console.log('a line of many'); };",
  );

  await runToEnd(servers);
  await worker.stop();

  expectOnlyJson(worker);
  const shown = ofJob(worker).length;
  const counts = worker
    .log()
    .map(({ msg }) => /^(\d+) printed lines were left out$/.exec(msg)?.[1]);
  const leftOut = counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
  expect(shown).toBeGreaterThanOrEqual(1_000);
  expect(shown).toBeLessThan(50_000);
  expect(shown + leftOut).toBe(200_000);
});

test('what a job has printed is there when its process is killed, also a line without an end', async () => {
  const worker = await startJob(`exports.run = async (job) => {
    if (job.attempt > 1) return;
    console.log('pid ' + process.pid);
    process.stdout.write('half of a li');
    await new Promise(() => setInterval(() => {}, 1000));
  };`);
  const run = await startRun(servers);
  await waitFor('the unfinished line', () => position(worker, /^half of a li$/) >= 0);
  const pid = Number(
    ofJob(worker)
      .find(({ msg }) => msg.startsWith('pid '))
      ?.msg.slice(4),
  );

  process.kill(pid, 'SIGKILL');

  await run.result();
  await worker.stop();
  expect(await attempts(servers, NAME)).toMatchObject([
    { outcome: 'retried' },
    { outcome: 'completed' },
  ]);
  expectOnlyJson(worker);
});

test('a job that exits, or throws in a timer, has printed before its attempt ends', async () => {
  const worker = await startJob(`exports.run = async (job) => {
    process.stdout.write('last of ' + job.attempt);
    if (job.attempt === 1) process.exit(3);
    if (job.attempt === 2) {
      setImmediate(() => { throw Object.assign(new Error('reset'), { code: 'ECONNRESET' }); });
      await new Promise(() => {});
    }
  };`);

  await runToEnd(servers);
  await worker.stop();

  const ended = worker
    .log()
    .filter(({ attempt, msg }) => attempt && msg !== 'attempt begins')
    .map(({ attempt, msg, stream }) => (stream ? msg : `attempt ${attempt} has ended`));
  expect(ended).toEqual([
    'last of 1',
    'attempt 1 has ended',
    'last of 2',
    'attempt 2 has ended',
    'last of 3',
    'attempt 3 has ended',
  ]);
});

test('what is printed before an attempt begins is of none', async () => {
  const jobs = servers.jobsFolder();
  const preloaded = jobs.writeJob(
    'preload',
    `const ofJob = require('node:fs').readFileSync('/proc/self/cmdline', 'utf8').includes('jobProcess');
    const { isMainThread } = require('node:worker_threads');
    if (ofJob && !isMainThread) console.log('loaded before');`,
  );
  const worker = await startJob(
    `exports.ready = (job) => {
      console.log('asked');
      job.log.info('looked', { migration: '0009_other' });
    };
    exports.run = () => console.log('printed');`,
    { NODE_OPTIONS: `--require ${preloaded}` },
  );

  await runToEnd(servers);
  await worker.stop();

  expect(ofJob(worker)).toContainEqual(
    expect.objectContaining({ msg: 'printed', migration: NAME, attempt: 1 }),
  );
  for (const msg of ['asked', 'looked']) {
    const [line] = worker.log().filter((each) => each.msg === msg);
    expect(line).toMatchObject({ migration: NAME, from: 'job' });
    expect(line).not.toHaveProperty('attempt');
  }
  const before = ofJob(worker).filter(({ msg }) => msg === 'loaded before');
  expect(before.length).toBeGreaterThan(0);
  for (const line of before) expect(line).not.toHaveProperty('migration');
  expectOnlyJson(worker);
});

test('a command shows on standard error what a job prints', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    NAME,
    `console.log('\u001b[31mloaded');
    exports.input = require('zod').z.object({ size: require('zod').z.number() });
    exports.run = () => { console.log('printed'); process.stdout.write('no end'); };`,
  );
  const env = servers.env({ LRM_JOBS_DIR: jobs.path, TEMPORAL_ADDRESS: '127.0.0.1:1' });

  const refused = await runLrm(env, ['register', NAME, '--input', '{"size":"big"}']);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(/^loaded\nlrm: .*size/);

  const registered = await runLrm(env, ['register', NAME, '--input', '{"size":1}', '--json']);
  expect(registered).toMatchObject({ code: 0, stderr: 'loaded\n' });

  const tried = await runLrm(env, ['dry-run', NAME, '--json']);
  expect(JSON.parse(tried.stdout)).toMatchObject({ end: 'returned', error: null });
  expect(tried.stderr.split('\n')).toEqual([
    'loaded',
    '{"warning":"loaded"}',
    '{"warning":"printed"}',
    '{"warning":"no end"}',
    '',
  ]);
});
