import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { KIND_NAMES } from '../../../client/new/kinds/index';
import type { Sql } from '../../../drizzle/connect';
import { waitFor } from '../../support/waitFor';
import { jobFile, testFile, USERS } from './application';
import { run, start } from './command';
import { install } from './managers';
import type { Row } from './rows';

/** Where a row's steps work. */
export interface Place {
  readonly row: Row;
  readonly folder: string;
  readonly tools: string;
  /** A database that the application's migrations reach first, and one that ours reach first. */
  readonly databases: { readonly theirs: Database; readonly ours: Database };
  readonly temporal: NodeJS.ProcessEnv;
}

export interface Database {
  readonly url: string;
  readonly sql: Sql;
}

type Step = readonly [name: string, step: (place: Place) => Promise<unknown>];

/** In order; each may need what those before it have made. */
export const STEPS: readonly Step[] = [
  ['install', (place) => install(place.row, place.folder, place.tools)],
  ['lrm init', init],
  ['lrm init again changes nothing', initAgain],
  ['lrm new', newJob],
  ['tsc', (place) => bin(place, 'tsc', ['-p', '.'])],
  ['drizzle-kit migrate, then lrm migrate', (place) => migrate(place, 'theirs')],
  ['lrm migrate, then drizzle-kit migrate', (place) => migrate(place, 'ours')],
  ['the gate blocks', (place) => gate(place, 1)],
  ['the tests that lrm init and lrm new wrote', tests],
  ['lrm dev --once runs the job', dev],
  ['lrm run --inline, killed in the middle and run again', inlineKilled],
  ['the gate passes', (place) => gate(place, 0)],
  ['the compiled job runs as in production', compiled],
  ['drizzle-kit push finds nothing to drop', push],
  ['each kind of lrm new compiles and passes its own test', kinds],
];

function bin(
  place: Place,
  name: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
  expected = 0,
) {
  return run(place.folder, path.join('node_modules/.bin', name), args, env, expected);
}

const onlyDatabase = ({ url }: Database): NodeJS.ProcessEnv => ({
  DATABASE_URL: url,
  LRM_HEARTBEAT_TIMEOUT: '3 seconds',
});

async function init(place: Place): Promise<void> {
  await bin(place, 'lrm', ['init']);
  readFileSync(path.join(place.folder, 'lrm.config.ts'));
}

async function initAgain(place: Place): Promise<void> {
  const before = snapshot(place.folder);
  await bin(place, 'lrm', ['init']);
  if (snapshot(place.folder) !== before) throw new Error('files have changed');
}

/** The application's own files with their contents. */
function snapshot(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => path.join(entry.parentPath, entry.name));
  return files.map((file) => `${file}\n${readFileSync(file, 'utf8')}`).join('\n');
}

async function newJob(place: Place): Promise<void> {
  await bin(
    place,
    'drizzle-kit',
    ['generate', '--name', 'users'],
    onlyDatabase(place.databases.ours),
  );
  await bin(place, 'lrm', ['new', 'count', 'visits']);
  const jobs = path.join(place.folder, 'jobs');
  const file = readdirSync(jobs).find((each) => /^[0-9]{4}_count_visits\.ts$/.test(each));
  if (!file) throw new Error(`no job 'count_visits' in ${readdirSync(jobs).join(', ')}`);
  writeFileSync(path.join(jobs, file), jobFile(place.row.type));
  const name = path.parse(file).name;
  writeFileSync(path.join(jobs, `${name}.test.ts`), testFile(name));
}

async function migrate(place: Place, first: 'theirs' | 'ours'): Promise<void> {
  const database = place.databases[first];
  const env = onlyDatabase(database);
  const both = [
    () => bin(place, 'drizzle-kit', ['migrate'], env),
    () => bin(place, 'lrm', ['migrate'], env),
  ];
  for (const step of first === 'theirs' ? both : both.reverse()) await step();
  const { sql } = database;
  await sql`insert into users (visits) select 0 from generate_series(1, ${USERS})`;
  const rows = await sql`select name from long_running_migrations.migrations`;
  const registered = rows.map((each) => String(each['name']));
  if (!registered.some((name) => name.endsWith('_count_visits'))) {
    throw new Error(`registered is only: ${registered.join(', ')}`);
  }
}

async function gate(place: Place, expected: number): Promise<void> {
  for (const database of Object.values(place.databases)) {
    await run(place.folder, process.execPath, ['gate.mjs'], onlyDatabase(database), expected);
  }
}

async function tests(place: Place): Promise<void> {
  const env = { TEST_DATABASE_URL: place.databases.ours.url };
  await bin(place, 'vitest', ['run', '--testTimeout', '120000'], env);
  // The job's test has run the job on this table.
  await place.databases.ours.sql`update users set visits = 0`;
}

async function dev(place: Place): Promise<void> {
  const database = place.databases.theirs;
  await bin(place, 'lrm', ['dev', '--once'], { ...onlyDatabase(database), ...place.temporal });
  await eachRowOnce(database);
}

async function inlineKilled(place: Place): Promise<void> {
  const database = place.databases.ours;
  const lrm = path.join(place.folder, 'node_modules/long-running-migrations/bin/lrm.js');
  const command = start(
    place.folder,
    process.execPath,
    [lrm, 'run', '--inline'],
    onlyDatabase(database),
  );
  const counted = () => count(database, 1);
  let ended = false;
  void command.ended.then(() => {
    ended = true;
  });
  await waitFor('the first batches', async () => ended || (await counted()) > 0, 120_000);
  command.kill();
  const { output } = await command.ended;
  const rows = await counted();
  if (rows === 0 || rows === USERS)
    throw new Error(`not in the middle, but at ${rows}:\n${output}`);
  await bin(place, 'lrm', ['run', '--inline'], onlyDatabase(database));
  await eachRowOnce(database);
}

/** Counts a second time, with the jobs that the application's own build has made. */
async function compiled(place: Place): Promise<void> {
  const database = place.databases.ours;
  await bin(place, 'tsc', ['-p', '.', '--noEmit', 'false', '--outDir', 'dist', '--rootDir', '.']);
  const env = { ...onlyDatabase(database), LRM_JOBS_DIR: 'dist/jobs' };
  const [job] = await database.sql`
    select name from long_running_migrations.migrations where name like '%_count_visits'`;
  await bin(place, 'lrm', ['retry', job?.['name'], '--from-start', '--yes', '--no-run'], env);
  await bin(place, 'lrm', ['run', '--inline'], env);
  const twice = await count(database, 2);
  if (twice !== USERS) throw new Error(`${twice} of ${USERS} rows were counted twice`);
}

async function count({ sql }: Database, visits: number): Promise<number> {
  const [row] = await sql`select count(*)::int as n from users where visits = ${visits}`;
  return Number(row?.['n']);
}

async function eachRowOnce(database: Database): Promise<void> {
  const once = await count(database, 1);
  if (once !== USERS) throw new Error(`${once} of ${USERS} rows were counted exactly once`);
}

async function push(place: Place): Promise<void> {
  const database = place.databases.ours;
  const tables = () => database.sql`
    select count(*)::int as n from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'long_running_migrations'`;
  const [before] = await tables();
  const output = await bin(
    place,
    'drizzle-kit',
    ['push', '--force', '--verbose'],
    onlyDatabase(database),
  );
  const [after] = await tables();
  if (/\bdrop\b/i.test(output) || before?.['n'] !== after?.['n']) throw new Error(output);
}

async function kinds(place: Place): Promise<void> {
  const made: string[] = [];
  for (const kind of KIND_NAMES) {
    const answer = await bin(place, 'lrm', ['new', '--json', '--kind', kind, kind, 'of', 'it']);
    made.push(JSON.parse(answer).test);
  }
  await bin(place, 'tsc', ['-p', '.']);
  await bin(place, 'vitest', ['run', ...made], { TEST_DATABASE_URL: place.databases.ours.url });
}
