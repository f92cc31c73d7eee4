import path from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { type RunJobOptions, runJob } from '../../../../worker/testing';
import { useApplications } from '../../../support/application';
import { useDatabase } from '../../../support/database';

const database = useDatabase({ empty: true });
const application = useApplications();

beforeEach(async () => {
  await database.sql.unsafe(`
    drop table if exists pins, seen;
    create table pins (id integer primary key, pin text not null, hash text, times integer not null default 0);
    create table seen (what text not null);
    insert into pins select i, 'pin ' || i from generate_series(1, 200) i`);
});

/** Runs jobs/0001_map.<ending> of an application. */
function run(
  files: Record<string, string>,
  { ending = 'js', ...options }: Partial<RunJobOptions> & { ending?: string } = {},
) {
  const { folder } = application({ 'package.json': '{}', ...files });
  const job = path.join(folder, `jobs/0001_map.${ending}`);
  return runJob(job, { databaseUrl: database.databaseUrl, ...options });
}

/** A CommonJS job whose run() has this body. */
const job = (body: string): string => `exports.run = async (job) => { ${body} };`;

/** What jobs have written with {@link SEE}. */
const seen = async () =>
  (await database.sql`select what from seen order by what`).map(({ what }) => what);
const SEE = 'const see = (what) => job.sql`insert into seen values (${String(what)})`;';

const HASH = `
const { createHash } = require('node:crypto');
module.exports = ({ id, pin }) => ({ id, hash: createHash('md5').update(pin).digest('hex') });`;

const DRIZZLE = path.join(__dirname, '../../../../node_modules/drizzle-orm');

const HASHING = `
const { sql } = require('drizzle-orm');
const { integer, pgTable, text } = require('drizzle-orm/pg-core');
const pins = pgTable('pins', {
  id: integer('id').primaryKey(), pin: text('pin'), hash: text('hash'), times: integer('times'),
});
exports.run = (job) =>
  job.inBatches(pins, { key: pins.id, throttle: false, batchSize: { max: 20 } }, async (tx, batch) => {
    const rows = await batch.rows({ id: pins.id, pin: pins.pin, times: pins.times });
    const hashed = await job.map(rows, './hash.js', { threads: 2 });
    const times = new Map(rows.map(({ id, times }) => [id, times + 1]));
    const done = hashed.map((row) => ({ ...row, times: times.get(row.id) }));
    await job.updateRows(tx, pins, pins.id, done);
    await tx.execute(sql\`select pg_sleep(0.02)\`);
  });`;

test('a job that maps and is killed in the middle does each row once', async () => {
  const result = await run(
    {
      'jobs/0001_map.js': HASHING.replaceAll("'drizzle-orm", `'${DRIZZLE}`),
      'jobs/hash.js': HASH,
    },
    { killAfter: { batches: 3 } },
  );
  expect(result).toMatchObject({ status: 'completed', rows: 200, error: null });
  expect(result.attempts).toHaveLength(2);
  const wrong =
    await database.sql`select from pins where hash is distinct from md5(pin) or times <> 1`;
  expect(wrong).toHaveLength(0);
});

test('a BadRow of the module is skipped, but not one that an outage has caused', async () => {
  const skipping = HASHING.replaceAll("'drizzle-orm", `'${DRIZZLE}`)
    .replace("'./hash.js'", "'./bad.js'")
    .replace('throttle: false', "throttle: false, onError: 'skip'");
  const bad = `${HASH.replace('module.exports =', 'const hash =')}
    const { BadRow } = require('long-running-migrations');
    module.exports = (row) => {
      const cause = row.id === 151 ? Object.assign(new Error('gone'), { code: 'ECONNRESET' }) : undefined;
      if (row.id === 77 || cause) throw new BadRow('no such pin', { cause });
      return hash(row);
    };`;
  const result = await run(
    { 'jobs/0001_map.js': skipping, 'jobs/bad.js': bad },
    { maxAttempts: 2 },
  );
  expect(result).toMatchObject({ status: 'in_progress' });
  const left = await database.sql`
    select id from pins where hash is null and (id < 120 or id = 151) order by id`;
  expect(left.map(({ id }) => id)).toEqual([77, 151]);
});

const ESM = '{ "type": "module" }';
const ESM_JOB = (module: string) => `
export async function run(job) {
  const [first] = await job.map([{ n: 1n }], '${module}');
  await job.sql\`insert into seen values (\${String(first)})\`;
}`;
const TS_JOB = (module: string) => ESM_JOB(module).replace('(job)', '(job: any)');
const TS_MODULE = 'export default (row: { n: bigint }): bigint => row.n + 1n;';

test.each([
  ['an ES module', ESM, 'js', ESM_JOB('./map.js'), 'map.js', 'export default ({ n }) => n + 1n;'],
  [
    'an async function',
    ESM,
    'mjs',
    ESM_JOB('./map'),
    'map.mjs',
    'export default async ({ n }) => n + 1n;',
  ],
  ['TypeScript, ESM', ESM, 'ts', TS_JOB('./map.js'), 'map.ts', TS_MODULE],
  ['TypeScript, CommonJS', '{}', 'ts', TS_JOB('./map'), 'map.ts', TS_MODULE],
  [
    'compiled TypeScript, CommonJS',
    '{}',
    'js',
    `Object.defineProperty(exports, '__esModule', { value: true });${ESM_JOB('./map.ts').replace('export async', 'exports.run = run; async')}`,
    'map.js',
    `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = ({ n }) => n + 1n;`,
  ],
])('the module may be %s', async (_, packageJson, ending, source, file, module) => {
  const result = await run(
    { 'package.json': packageJson, [`jobs/0001_map.${ending}`]: source, [`jobs/${file}`]: module },
    { ending },
  );
  expect(result).toMatchObject({ status: 'completed', error: null });
  expect(await seen()).toEqual(['2']);
});

test('results are in the order of the rows, and the threads are kept, at most as many as wanted', async () => {
  const result = await run({
    'jobs/0001_map.js': job(`${SEE}
      const rows = Array.from({ length: 100 }, (_, i) => i);
      const first = await job.map(rows, './slow.js', { threads: 3 });
      const second = await job.map(rows, './slow.js', { threads: 3 });
      await see('order ' + (JSON.stringify(first.map(([n]) => n)) === JSON.stringify(rows)));
      await see('threads ' + new Set([...first, ...second].map(([, id]) => id)).size);
      await see('alone ' + new Set((await job.map([1], './slow.js')).map(([, id]) => id)).size);
      const [types] = await job.map([{ a: Buffer.from('a'), b: 1n, c: new Date(0) }], './types.js');
      await see('types ' + types + ' ' + Buffer.isBuffer((await job.map(['b'], './buffer.js'))[0]));
      await see('none ' + (await job.map([], './slow.js')).length);`),
    'jobs/types.js':
      'module.exports = ({ a, b, c }) => `${Buffer.isBuffer(a)} ${typeof b} ${c instanceof Date}`;',
    'jobs/buffer.js': 'module.exports = (text) => Buffer.from(text);',
    // The first rows take longest.
    'jobs/slow.js': `const { threadId } = require('node:worker_threads');
      module.exports = (n) => {
        const end = performance.now() + (n < 10 ? 20 : 0);
        while (performance.now() < end);
        return [n, threadId];
      };`,
  });
  expect(result).toMatchObject({ status: 'completed', error: null });
  expect(await seen()).toEqual([
    'alone 1',
    'none 0',
    'order true',
    'threads 3',
    'types true bigint true true',
  ]);
});

test.each([
  ['TypeError', 'row.missing.length', /^TypeError at map\.js:2/],
  ['RangeError of a library', `JSON.parse(row.secret)`, /^SyntaxError at map\.js:2/],
  [
    'final error of its own',
    `throwIt(Object.assign(new Error('no such pin'), { nonRetryable: true }))`,
    /no such pin/,
  ],
])('a %s in the module fails the migration, without the values of rows', async (_, code, error) => {
  const result = await run({
    'jobs/0001_map.js': job(`await job.map([{ secret: 's3cret' }], './map.js');`),
    'jobs/map.js': `module.exports = (row) =>\n  ${code};
      const throwIt = (error) => { throw error; };`,
  });
  expect(result).toMatchObject({ status: 'failed', error: expect.stringMatching(error) });
  expect(result.attempts).toHaveLength(1);
  expect(JSON.stringify(result)).not.toContain('s3cret');
});

test('a thread that ends by itself is an error of the attempt, and the next call gets a new thread', async () => {
  const result = await run({
    'jobs/0001_map.js': job(`${SEE}
      const error = await job.map([0], './map.js', { threads: 1 }).catch((error) => error);
      await see(error.message);
      await see(await job.map([1], './map.js', { threads: 1 }));`),
    'jobs/map.js': 'module.exports = (n) => n || process.exit(3);',
  });
  expect(result).toMatchObject({ status: 'completed', error: null });
  expect(await seen()).toEqual(['1', 'a thread of job.map with ./map.js has ended']);
});

test('a thread that runs out of memory fails its attempt as the job itself would', async () => {
  const result = await run(
    {
      'jobs/0001_map.js': job(`await job.map([1], './map.js');`),
      'jobs/map.js': `module.exports = () => { const all = []; for (;;) all.push(new Array(1000).fill({})); };`,
    },
    { settings: { LRM_MEMORY_LIMIT_MB: 40, LRM_MAX_FAILURES: 1 } },
  );
  expect(result).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('LRM_MEMORY_LIMIT_MB'),
  });
});

test('a stop request ends the threads at once, and map() throws its reason', async () => {
  const result = await run(
    {
      'jobs/0001_map.js': job(`${SEE}
        if (job.attempt > 1) return;
        const error = await job.map([1, 2, 3], './map.js', { threads: 2 }).catch((error) => error);
        await see(error === job.signal.reason);
        throw error;`),
      'jobs/map.js': 'module.exports = () => { for (;;); };',
    },
    { settings: { LRM_START_TO_CLOSE: '4 seconds' } },
  );
  expect(result.status).toBe('completed');
  expect(result.attempts).toHaveLength(2);
  expect(await seen()).toEqual(['true']);
});

test('wrong use gets one line that says what to write', async () => {
  const result = await run({
    'jobs/0001_map.js': job(`${SEE}
      const attempts = [
        [1, './map.js'], [[1], './map.js', { threads: 0 }], [[1], './map.js', { threads: 17 }],
        [[1], './map.js', { threads: '2' }], [[], './none.js'], [[1], 'map.js'], [[1]],
        [[1], '/etc/passwd'], [[1], '../../../etc/hostname.js'], [[1], './link.js'],
        [[1], './empty.js'], [[() => {}], './map.js'], [[1], './map.js'],
        [[1], './map.js', null], [[1], './map.js', { thread: 2 }], [[1], './map.js', 2],
      ];
      for (const [at, each] of attempts.entries()) {
        const error = await job.map(...each).catch((error) => error);
        await see(String.fromCharCode(97 + at) + ' ' + error.name + ': ' + error.message);
      }`),
    'jobs/map.js': 'module.exports = () => () => {};',
    'jobs/empty.js': '',
  });
  expect(result).toMatchObject({ status: 'completed', error: null });
  const beside = 'beside 0001_map.js';
  expect(await seen()).toEqual(
    [
      "a job.map needs an array of rows: job.map(rows, './hash.js')",
      'b job.map: threads is 0; it must be a whole number from 1 to 16',
      'c job.map: threads is 17; it must be a whole number from 1 to 16',
      'd job.map: threads is 2; it must be a whole number from 1 to 16',
      `e job.map: there is no module ./none.js ${beside}`,
      "f job.map needs a module's path, relative to the job's file: job.map(rows, './hash.js')",
      "g job.map needs a module's path, relative to the job's file: job.map(rows, './hash.js')",
      "h job.map needs a module's path, relative to the job's file: job.map(rows, './hash.js')",
      `i job.map: there is no module ../../../etc/hostname.js ${beside}`,
      `j job.map: there is no module ./link.js ${beside}`,
      'k job.map: ./empty.js exports no function; write: export default (row) => …',
      "l job.map: a row or a result of ./map.js can't be sent between threads; use plain values, no functions",
      "m job.map: a row or a result of ./map.js can't be sent between threads; use plain values, no functions",
      'n the options of job.map must be an object, not null',
      "o the options of job.map: there is no option 'thread'; there are threads",
      'p the options of job.map must be an object, not a number',
    ].map((line) => line.replace(' ', ' JobUsageError: ')),
  );
});

test('a map() that run() does not await fails the migration', async () => {
  const result = await run({
    'jobs/0001_map.js': job(`job.map([1], './map.js').catch(() => {});`),
    'jobs/map.js': 'module.exports = () => { for (;;); };',
  });
  expect(result).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('run() returned while job.map was still running: await it'),
  });
});
