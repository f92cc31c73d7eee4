import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { JobProcess } from '../../../jobs/process/jobProcess';
import { JobProcessPool } from '../../../jobs/process/jobProcessPool';
import type { FromJobProcess, RunInput } from '../../../jobs/process/messages';
import { projectFolder } from '../../../settings/projectFolder';
import { createJobsFolder } from '../../support/jobsFolder';
import { isRunning, jobProcessesOf, waitForEnd } from '../../support/processes';
import { waitFor } from '../../support/waitFor';

const jobs = createJobsFolder();
const MEMORY_MB = 128;
const USES_AT_MOST = 4;
/** One for all tests: what a test has not used up is the spare one of the next. */
const pool = new JobProcessPool(MEMORY_MB, 1, 'stderr', 600_000, USES_AT_MOST);

afterAll(async () => {
  pool.close();
  await waitFor('the end of all', () => jobProcessesOf(process.pid).length === 0);
  jobs.remove();
});

interface Options {
  readonly hash?: string | undefined;
  readonly memoryMb?: number;
  readonly databaseUrl?: string;
  readonly direction?: RunInput['direction'];
}

/** Starts an attempt, while one more of the same file waits. */
function start(file: string, options: Options = {}) {
  const { hash, memoryMb = MEMORY_MB, ...input } = { hash: 'same', ...options };
  pool.expect(new Map([[file, 2]]));
  const started = pool.start({ ...INPUT, ...input, file }, memoryMb, hash);
  const messages: FromJobProcess[] = [];
  started.onMessage((message) => messages.push(message));
  return { started, messages };
}

const INPUT: RunInput = {
  task: 'run',
  file: '',
  databaseUrl: 'postgres://nobody@localhost:1/none',
  databases: {},
  origin: { installation: '', generation: '', former: null },
  input: undefined,
  attempt: { migration: '0001_job', id: '1', number: 1, epoch: '', server: '' },
  direction: 'forward',
  checkpointVersion: 0,
  unthrottled: false,
  onlyIfEmpty: false,
  limitMs: 60_000,
  silentMs: 600_000,
  errorDetail: 'full',
};

/** What an attempt logs, when it has returned and its thread or process has ended. */
async function run(file: string, options: Options = {}): Promise<Record<string, unknown>> {
  const { started, messages } = start(file, options);
  await ended(messages, 'returned');
  expect(await started.end()).toBe(true);
  return loggedIn(messages);
}

function loggedIn(messages: readonly FromJobProcess[]): Record<string, unknown> {
  return messages.find((each) => each.type === 'log')?.fields ?? {};
}

function ended(messages: readonly FromJobProcess[], by: FromJobProcess['type']) {
  return waitFor(`the message '${by}'`, () => messages.find(({ type }) => type === by));
}

/** `body` comes before the report of its process, and can add to `seen`. */
function job(name: string, body = '', after = ''): string {
  return jobs.writeJob(
    name,
    `let loaded = 0;
     exports.run = exports.revert = async (job) => {
       const seen = { pid: process.pid, loaded: ++loaded, before: globalThis.left };
       globalThis.left = Array.prototype.left = process.env.LEFT = 'by an attempt';
       ${body}
       job.log.info('seen', seen);
       ${after}
     };`,
  );
}

test('attempts of the same code run in one process, and nothing of one is left for the next', async () => {
  const file = job(
    '0001_same',
    `const fs = require('node:fs');
     seen.array = [].left; seen.env = process.env.LEFT; seen.timers = globalThis.timers;
     setInterval(() => { globalThis.timers = 'went on'; }, 1);
     fs.openSync(__filename);
     globalThis.keep = Buffer.alloc(200 << 20, 1);
     const server = require('node:net').createServer().listen(0, '127.0.0.1');
     await require('node:events').once(server, 'listening');
     fs.writeFileSync(__dirname + '/port', String(server.address().port));`,
  );

  const first = await run(file);
  const refused = connect(Number(readFileSync(`${jobs.path}/port`, 'utf8')), '127.0.0.1');
  await expect(once(refused, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const others = [await run(file), await run(file)];

  for (const other of others) expect(other).toEqual(first);
  expect(first).toMatchObject({ loaded: 1 });
  expect(first).not.toHaveProperty('before');
  expect(jobProcessesOf(process.pid)).toContain(first['pid']);

  // It is the last one that is allowed.
  expect(await run(file)).toMatchObject({ pid: first['pid'] });
  await waitForEnd('its process', Number(first['pid']));
});

test('another hash, memory limit, direction or file, or an unknown hash: another process', async () => {
  const file = job('0002_job');
  const { pid } = await run(file);

  const others = [
    await run(file, { hash: 'other' }),
    await run(file, { memoryMb: MEMORY_MB + 1 }),
    await run(file, { direction: 'reverse' as never }),
    await run(file, { hash: undefined }),
  ];

  for (const other of others) expect(other['pid']).not.toBe(pid);
  await waitForEnd('that of an unknown hash', Number(others.at(-1)?.['pid']));
  expect(await run(file)).toMatchObject({ pid });
  expect((await run(job('0003_job')))['pid']).not.toBe(pid);
  // No more of its attempts are expected, so nothing is kept for them.
  await waitForEnd('its process', Number(pid));
});

/** The code of a native module, which is not called so. */
function nativeModule(): string {
  const scopes = readdirSync(path.join(projectFolder, 'node_modules')).filter((name) =>
    /^@/.test(name),
  );
  const inFolder = (folder: string, depth: number): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((each) => {
      const inside = path.join(folder, each.name);
      if (each.isDirectory()) return depth > 0 ? inFolder(inside, depth - 1) : [];
      return each.name.endsWith('.node') ? [inside] : [];
    });
  const found = scopes.flatMap((scope) =>
    inFolder(path.join(projectFolder, 'node_modules', scope), 1),
  );
  const [smallest = ''] = found.sort((a, b) => statSync(a).size - statSync(b).size);
  const copy = path.join(jobs.path, 'native.so');
  copyFileSync(smallest, copy);
  return copy;
}

test.each([
  ['has started a process', "require('node:child_process').execSync('true');"],
  ['has started one that goes on', "require('node:child_process').spawn('sleep', ['600']);"],
  [
    'has started one whose own child goes on',
    "require('node:child_process').execSync('sleep 600 >/dev/null 2>&1 &');",
  ],
  [
    'has started one in a thread, of which nobody is told',
    `process.removeAllListeners('worker');
     await new Promise((resolve) => new (require('node:worker_threads').Worker)(
       "require('node:child_process').spawn('sleep', ['600'])", { eval: true }).once('online', resolve));
     await new Promise((resolve) => setTimeout(resolve, 200));`,
  ],
  ['leaves a file closed that it did not open', "require('node:fs').closeSync(3);"],
  ['leaves other flags of V8', "require('node:v8').setFlagsFromString('--stack-size=900');"],
  ['leaves hooks in the loader', "require('node:module').register('data:text/javascript,');"],
  ['leaves another priority', "require('node:os').setPriority(process.pid, 5);"],
  ['leaves other reports of crashes', 'process.report.reportOnFatalError = true;'],
  [
    'leaves another rank for the end by lack of memory',
    "require('node:fs').writeFileSync('/proc/self/oom_score_adj', '500');",
  ],
  [
    'has loaded a native module',
    `const { file } = JSON.parse(require('node:fs').readFileSync(__dirname + '/native.json'));
     process.dlopen({ exports: {} }, file);
     require('node:fs').unlinkSync(file);`,
  ],
])('an attempt that %s: its process ends', async (what, body) => {
  if (what.includes('native')) {
    writeFileSync(path.join(jobs.path, 'native.json'), JSON.stringify({ file: nativeModule() }));
  }

  const { pid } = await run(job('0006_leaves', body));

  await waitForEnd('its process', Number(pid));
});

test.each([
  ['has failed', "throw new Error('no');", 'failed'],
  ['has ended its thread', 'process.exit(0);', 'exited'],
  ['has not ended', 'await new Promise(() => {});', 'log'],
  [
    'was asked to stop',
    "await new Promise((end) => job.signal.addEventListener('abort', end));",
    'returned',
  ],
  [
    'has an error after its end',
    "setImmediate(() => setTimeout(() => { throw new Error('late'); }));",
    'failed',
  ],
] as const)('an attempt that %s: its process ends', async (_, after, by) => {
  const { started, messages } = start(job('0008_ends', '', after));
  const { pid } = await ended(messages, 'log').then(() => loggedIn(messages));
  if (by === 'returned') started.send({ type: 'stop', reason: 'time limit' });
  await ended(messages, by);

  expect(await started.end()).toBe(true);

  expect(isRunning(Number(pid))).toBe(false);
});

test('nothing that is sent to an attempt after its end reaches the next one in its process', async () => {
  const file = job('0010_quiet');
  const first = start(file);
  await ended(first.messages, 'returned');
  await first.started.end();

  const second = start(file);
  first.started.send({ type: 'stop', reason: 'time limit' });

  const returned = await ended(second.messages, 'returned');
  expect(await first.started.end()).toBe(true);
  const { pid } = loggedIn(second.messages);
  const runs = isRunning(Number(pid));
  await second.started.end();
  expect(returned).toMatchObject({ stopped: false });
  expect(pid).toBe(loggedIn(first.messages)['pid']);
  expect(runs).toBe(true);
});

test('no message of an attempt is received after its end', async () => {
  // Whether its process is used again depends on whether one is under way just then.
  const file = job('0012_talks', "setInterval(() => job.log.info('still'), 1);");
  const { started, messages } = start(file);
  await ended(messages, 'returned');
  await started.end();
  const before = messages.length;

  const second = start(file);
  await ended(second.messages, 'returned');
  await second.started.end();

  expect(messages).toHaveLength(before);
});

test("an attempt's errors and lines are without its own database's password, and only that one", async () => {
  const secret = (password: string): Options => ({
    databaseUrl: `postgres://nobody:${password}@localhost:1/none`,
  });
  const file = jobs.writeJob(
    '0011_says',
    `exports.run = async (job) => {
       job.log.info('of-the-first of-the-second', { pid: process.pid });
       if (require('node:fs').existsSync(__dirname + '/throw')) {
         throw new Error('of-the-first', { cause: new Error('of-the-second') });
       }
     };`,
  );
  const first = start(file, secret('of-the-first'));
  await ended(first.messages, 'returned');
  await first.started.end();
  expect(first.messages.find(({ type }) => type === 'log')).toMatchObject({
    message: '*** of-the-second',
  });

  writeFileSync(`${jobs.path}/throw`, '');
  const second = start(file, secret('of-the-second'));

  const failed = await ended(second.messages, 'failed');
  expect(loggedIn(second.messages)['pid']).toBe(loggedIn(first.messages)['pid']);
  expect(failed).toMatchObject({ error: { message: 'of-the-first' } });
  expect(JSON.stringify(second.messages)).not.toContain('of-the-second');
  await second.started.end();
});

test('a kept process that is killed is not used, even before all of its end is noticed', async () => {
  const file = job('0014_killed');
  const { pid } = await run(file);
  process.kill(Number(pid), 'SIGKILL');
  const isThere = () => {
    try {
      return process.kill(Number(pid), 0);
    } catch {
      return false;
    }
  };
  while (isThere()) await nextTurn();

  expect((await run(file))['pid']).not.toBe(pid);
});

test('two attempts at once never get the same process', async () => {
  const file = job('0015_at_once');
  const { pid } = await run(file);

  const both = await Promise.all([run(file), run(file)]);

  const pids = both.map((each) => each['pid']);
  expect(pids).toContain(pid);
  expect(new Set(pids).size).toBe(2);
});

test('no process is kept for what is not expected', async () => {
  const { started, messages } = start(job('0016_last'));
  await ended(messages, 'returned');
  pool.expect(new Map());

  await started.end();

  await waitForEnd('its process', Number(loggedIn(messages)['pid']));
});

/** A job whose thread can't end: it waits in the kernel for somebody to write. */
function jobThatHangs(name: string): string {
  const pipe = path.join(jobs.path, `${name}.pipe`);
  execFileSync('mkfifo', [pipe]);
  return job(name, `require('node:fs').open(${JSON.stringify(pipe)}, 'r', () => {});`);
}

test('no attempt waits for a thread that does not end, and its process is killed', async () => {
  const file = jobThatHangs('0017_hangs');
  const { started, messages } = start(file);
  await ended(messages, 'returned');
  let over = false;
  const end = started.end().finally(() => {
    over = true;
  });

  const next = start(file);
  await ended(next.messages, 'returned');

  expect(over).toBe(false);
  expect(await end).toBe(true);
  expect(isRunning(Number(loggedIn(messages)['pid']))).toBe(false);
  pool.expect(new Map());
  await next.started.end();
});

test.each([
  ['is silent', false],
  ['sends another attempt', true],
])('while a thread is being ended and the worker %s, the process ends', async (_, next) => {
  const file = jobThatHangs(`0018_hangs_${next}`);
  const jobProcess = new JobProcess(MEMORY_MB, 'stderr');
  const messages: FromJobProcess[] = [];
  jobProcess.onMessage((message) => messages.push(message));
  jobProcess.begin({ ...INPUT, file, silentMs: next ? 600_000 : 2_000 });
  await ended(messages, 'returned');

  jobProcess.send({ type: 'renew' });
  if (next) jobProcess.begin({ ...INPUT, file });

  expect(await jobProcess.ended).toMatchObject({ signal: 'SIGKILL' });
});
