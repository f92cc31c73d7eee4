import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../../drizzle/connect';
import { projectFolder } from '../../settings/projectFolder';
import { startDevServers } from '../../worker/local/devServers';
import { useDevServers } from '../support/devServers';
import { cleanEnvironment } from '../support/environment';
import { waitFor } from '../support/waitFor';

let project: string;
const servers = useDevServers();
const started: ChildProcess[] = [];

// A copy of the project, so that the developer's own `npm start` and its data are not touched. All
// tests share it: the first start creates the data, the others find it.
beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), 'lrm-start-test-'));
  for (const name of ['bin', 'dist', 'drizzle', 'package.json']) {
    cpSync(path.join(projectFolder, name), path.join(project, name), { recursive: true });
  }
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(project, 'node_modules'));
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await waitFor('what it started to end', () => !isRunning());
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** Whether any process of the copy runs: each has the copy's path on its command line. */
const isRunning = () => execFileSync('ps', ['-Ao', 'args']).includes(`${project}/`);

/** Runs `npm start -- <args>` in the copy, on its own dev servers unless `env` names others. */
function start(args: string[], given: NodeJS.ProcessEnv = cleanEnvironment({})) {
  // Otherwise the third sample takes some minutes.
  const env = { SAMPLE_DUTY_CYCLE: '1', ...given };
  const child = spawn(process.execPath, [path.join(project, 'dist/start.js'), ...args], {
    cwd: project,
    env,
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return {
    child,
    output: () => output,
    exited: new Promise<number | null>((resolve) => child.once('close', resolve)),
    says: (text: string | RegExp) =>
      waitFor(`npm start to say ${text}; it said: ${output}`, () => output.match(text), 60_000),
  };
}

/** Runs a query on the copy's own database while `npm start` is not running. */
async function queryEmbedded(statement: string): Promise<readonly object[]> {
  const folder = path.join(project, '.lrm');
  const request = { folder, temporary: false, fresh: false, temporal: null };
  const embedded = await startDevServers({ ...request, postgres: { settings: {} } });
  const sql = connect(embedded.endpoints.databaseUrl ?? '', { max: 1, applicationName: 'test' });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
    await embedded.stop();
  }
}

const register = (name: string) =>
  servers.sql`insert into long_running_migrations.migrations (name) values (${name})`;

/** `lrm check` in another terminal. */
const check = () =>
  spawnSync(process.execPath, ['bin/lrm.js', 'check'], {
    cwd: project,
    env: cleanEnvironment({}),
    encoding: 'utf8',
  });

const placesTable = () => servers.sql`select to_regclass('places') as places`;

test('npm start names all wrong settings before it starts any server', async () => {
  const env = servers.env({ LRM_INTERVAL: 'soon', LRM_MAX_CONCURRENT: '0' });

  const { exited, output } = start([], env);

  expect(await exited).toBe(2);
  expect(output()).toMatch(/LRM_INTERVAL.*LRM_MAX_CONCURRENT/);
  expect(existsSync(path.join(project, '.lrm'))).toBe(false);
});

test('npm start --once completes the samples; every place has its geohash', async () => {
  expect(statSync(project).mode & 0o777).toBe(0o700);

  const { exited, output } = start(['--once']);

  expect([await exited, output()]).toEqual([
    0,
    expect.stringContaining('3 of 3 registered migrations are completed.'),
  ]);
  expect(isRunning()).toBe(false);
  const lacking =
    'select from places where geohash is null or name_search is null or name_ascii is null';
  expect(await queryEmbedded(lacking)).toHaveLength(0);
}, 120_000);

test('npm start serves lrm in another terminal, refuses a second start, and ends on Ctrl-C', async () => {
  const first = start([]);
  await first.says('3 of 3 registered migrations are completed.');

  const second = start([]);
  expect(await second.exited).toBe(2);
  expect(second.output()).toMatch(/^the dev servers are already running in this folder.*\n$/);
  expect(check().status).toBe(0);

  first.child.kill('SIGINT');
  expect(await first.exited).toBe(0);
  expect(isRunning()).toBe(false);
  expect(existsSync(path.join(project, '.lrm/endpoints.json'))).toBe(false);
}, 120_000);

test('after npm start is killed, all that it started ends, and lrm says that it is not running', async () => {
  const { child, says } = start([]);
  await says('Type in another terminal');
  expect(isRunning()).toBe(true);
  expect(existsSync(path.join(project, '.lrm/endpoints.json'))).toBe(true);

  child.kill('SIGKILL');

  await waitFor('all of it to end', () => !isRunning());
  expect(existsSync(path.join(project, '.lrm/endpoints.json'))).toBe(false);
  expect(check().stderr).toContain('npm start is not running');
}, 120_000);

test('npm start --once shows the error of a failed migration and exits with 1', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0900_fails', `exports.run = () => { throw new TypeError('as it must'); };`);
  await register('0900_fails');

  const { exited, output } = start(['--once'], servers.env({ LRM_JOBS_DIR: jobs.path }));

  expect(await exited).toBe(1);
  expect(output()).toMatch(/^failed: 0900_fails: TypeError at 0900_fails/m);
  await servers.sql`update long_running_migrations.migrations set status = 'cancelled'`;
});

test('npm start --once ends when no run can do the rest, and says why', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0902_waits', `exports.run = () => {}; exports.dependsOn = ['0901_no_code'];`);
  await register('0901_no_code');
  await register('0902_waits');

  const { exited, output } = start(['--once'], servers.env({ LRM_JOBS_DIR: jobs.path }));

  expect(await exited).toBe(1);
  expect(output()).toMatch(/left: 0901_no_code: no file 0901_no_code/);
  expect(output()).toMatch(/left: 0902_waits: waits for 0901_no_code/);
  await servers.sql`update long_running_migrations.migrations set status = 'cancelled'`;
});

test('npm start puts the sample into the database of DATABASE_URL only with --sample-data', async () => {
  expect(await start(['--once'], servers.env()).exited).toBe(0);
  expect(await placesTable()).toEqual([{ places: null }]);

  expect(await start(['--once', '--sample-data'], servers.env()).exited).toBe(0);
  expect(await placesTable()).toEqual([{ places: 'places' }]);
}, 120_000);

test('npm start refuses an unknown option', async () => {
  const { exited, output } = start(['--no-such']);
  expect(await exited).toBe(2);
  expect(output()).toContain("unknown option '--no-such'");
});
