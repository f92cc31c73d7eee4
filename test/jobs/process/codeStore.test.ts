import { createHash } from 'node:crypto';
import { fstatSync, mkdtempSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, jest, test } from '@jest/globals';
import { CodeStore, codeStore } from '../../../jobs/process/codeStore';
import { JobProcess } from '../../../jobs/process/jobProcess';
import type { FromJobProcess } from '../../../jobs/process/messages';
import { createJobsFolder } from '../../support/jobsFolder';

const jobs = createJobsFolder();
/** A module that comes from the store has never looked for others, so it has no folders for that. */
const REPORT = jobs.writeJob(
  '0001_report',
  `const orm = require('drizzle-orm');
   const { pgTable } = require('drizzle-orm/pg-core');
   const loaded = require.cache[require.resolve('drizzle-orm')];
   exports.run = async () => {};
   exports.dependsOn = [
     loaded.paths.length === 0 ? '0002_from_the_store' : '0003_from_its_file',
     ...(orm.is(pgTable('t', {}), orm.Table) ? [] : ['0004_two_copies']),
   ];`,
);
const folder = mkdtempSync(path.join(tmpdir(), 'lrm-test-'));
const before = { ...process.env };

afterEach(() => {
  jest.restoreAllMocks();
  process.env = { ...before };
});
afterAll(() => {
  jobs.remove();
  rmSync(folder, { recursive: true });
});

/** Where Drizzle came from in a new job process. */
async function inspect(isSpare = false): Promise<unknown> {
  const jobProcess = new JobProcess(128, 'stderr', isSpare);
  const answer = new Promise<FromJobProcess>((resolve) => {
    jobProcess.onMessage(resolve);
    void jobProcess.ended.then((end) => resolve(end as never));
  });
  jobProcess.begin({ task: 'inspect', file: REPORT, errorDetail: 'safe' });
  const message = await answer;
  await jobProcess.end();
  return message.type === 'facts' ? message.facts.dependsOn : message;
}

const FROM_FILE = [{ name: '0003_from_its_file', or: [] }];
const FROM_STORE = [{ name: '0002_from_the_store', or: [] }];

test('a spare job process writes the store, and later ones load from it', async () => {
  expect(await inspect()).toEqual(FROM_FILE);
  expect(codeStore.give(false)).toBeUndefined();

  // It loads from the files itself.
  expect(await inspect(true)).toEqual(FROM_FILE);

  expect(codeStore.give(false)).toMatchObject({ use: 'read' });
  expect(await inspect()).toEqual(FROM_STORE);
  expect(await inspect(true)).toEqual(FROM_STORE);
});

test.each([
  ['of which a file has changed since', /(?<="size":)\d+/g, '9'],
  ['that can not be read', /./g, '{'],
])('a store %s is not used', async (_, what, by) => {
  const { fd, whole, list, text } = readStore();
  expect(await inspect()).toEqual(FROM_STORE);
  const changed = Buffer.concat([
    whole.subarray(0, list),
    Buffer.from(text.replace(what, (found) => by.repeat(found.length))),
  ]);
  try {
    writeSync(fd, changed, 0, changed.length, 0);
    // As if it had been written like that.
    const sum = createHash('sha256').update(changed).digest('hex');
    jest.spyOn(codeStore, 'give').mockReturnValue({ use: 'read', fd, sum });
    expect(await inspect()).toEqual(FROM_FILE);
  } finally {
    jest.restoreAllMocks();
    writeSync(fd, whole, 0, whole.length, 0);
  }
  expect(await inspect()).toEqual(FROM_STORE);
});

test('code that a job has put into the store is not run', async () => {
  const { fd, whole } = readStore();
  const planted = 'process.exit(66);'.padEnd(60);
  const at = whole.indexOf('Object.defineProperty(exports');
  expect(at).toBeGreaterThan(0);
  try {
    writeSync(fd, planted, at);
    expect(await inspect()).toEqual(FROM_FILE);
  } finally {
    writeSync(fd, whole, 0, whole.length, 0);
  }
  expect(await inspect()).toEqual(FROM_STORE);
});

function readStore() {
  const fd = codeStore.give(false)?.fd ?? -1;
  const whole = Buffer.alloc(fstatSync(fd).size);
  readSync(fd, whole, 0, whole.length, 0);
  const list = whole.length - whole.readUInt32LE();
  return { fd, whole, list, text: whole.toString('utf8', list) };
}

test('only what the job process sends that was to write the store is believed, and only once', () => {
  const store = new CodeStore(folder);
  const given = store.give(true);

  store.written(undefined, 'of a job process without the store');
  expect(store.give(false)).toBeUndefined();
  store.written(given, null);
  store.written(given, 'of its job');
  expect(store.give(false)).toBeUndefined();

  const next = store.give(true);
  store.written(given, 'of the job of the one before');
  expect(store.give(false)).toBeUndefined();
  store.written(next, 'right');
  store.written(next, 'of its job');
  expect(store.give(false)).toMatchObject({ use: 'read', sum: 'right' });
  store.released(next);
  expect(store.give(true)).toMatchObject({ use: 'read', sum: 'right' });
});

test('one job process writes it at a time; when it has ended without, another one may', () => {
  const store = new CodeStore(folder);

  const given = store.give(true);

  expect(given).toMatchObject({ use: 'write' });
  expect(store.give(true)).toBeUndefined();
  store.released(given);
  expect(store.give(true)).toEqual(given);
  // The file has no name, so nothing of it is left behind.
  expect(readdirSync(folder)).toEqual([]);
});

test('a job process that is not a spare writes nothing', () => {
  expect(new CodeStore().give(false)).toBeUndefined();
});

test('without a folder to write to there is no store', () => {
  expect(new CodeStore(path.join(folder, 'missing')).give(true)).toBeUndefined();
});

test.each([
  '--require ./instrumentation.js',
  '--import=tsx',
  '-r x',
  '--loader x',
  '--experimental_loader=x',
  '--no-warnings "--require=/a b.js"',
  '"--re\\quire" x',
])(
  'with NODE_OPTIONS=%s there is no store: what changes Node’s loader must see each file',
  (options) => {
    process.env['NODE_OPTIONS'] = options;

    expect(codeStore.give(true)).toBeUndefined();
  },
);

test('a job process that is killed while it writes the store leaves none behind', () => {
  const store = new CodeStore(folder);
  const given = store.give(true);
  const fd = given?.fd ?? -1;
  writeSync(fd, Buffer.alloc(1_000, 7));

  expect(store.give(false)).toBeUndefined();
  store.released(given);
  expect(store.give(true)).toMatchObject({ use: 'write', fd });
});
