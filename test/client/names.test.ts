import { beforeEach, expect, test } from '@jest/globals';
import { insertMigration, insertRunning, row } from '../drizzle/rows/rows';
import { useDevServers } from '../support/devServers';
import { lrmWith } from './lrm';

const servers = useDevServers();

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await insertMigration(servers.sql, '0001_users_email');
  await insertMigration(servers.sql, '0002_users_name');
  await insertMigration(servers.sql, '0003_orders', 'completed');
});

/** These commands need Temporal only to notify a run, so it may be down. */
const lrm = (...args: string[]) => lrmWith(servers, { TEMPORAL_ADDRESS: '127.0.0.1:1' })(...args);

test('one command takes several names, by number and by beginning', async () => {
  const { code, stdout } = await lrm('pause', '1', '0002', '0001_users');
  expect(code).toBe(0);
  expect(stdout.match(/^\S+ is paused/gm)?.sort()).toEqual([
    '0001_users_email is paused',
    '0002_users_name is paused',
  ]);
});

test('a beginning that matches several names changes nothing: exit 2 with the names', async () => {
  await insertMigration(servers.sql, '0001_users_phone');
  const { code, stderr } = await lrm('pause', '0003', '0001_users');
  expect(code).toBe(2);
  expect(stderr).toBe(
    'lrm: 0001_users matches 0001_users_email, 0001_users_phone: type more of the name\n',
  );
  expect((await row(servers.sql, '0001_users_email'))['status']).toBe('created');
});

test.each([
  ['0001_users_emial', 'did you mean 0001_users_email?'],
  ['users_name', 'did you mean 0002_users_name?'],
  ['0004_orders', 'did you mean 0003_orders?'],
  ['0009', 'no registered migration has the number 0009'],
  ['0007_nothing_like_it_here', '0007_nothing_like_it_here is not registered (npx lrm status'],
])('lrm status %s: exit 1, %s', async (typed, hint) => {
  const { code, stderr } = await servers.lrm('status', typed);
  expect(code).toBe(1);
  expect(stderr).toMatch(hint);
});

test('when one of several is refused, the others are still done: exit 1', async () => {
  const { code, stdout, stderr } = await lrm('pause', '1', '2', '3');
  expect(code).toBe(1);
  expect(stdout).toMatch('0002_users_name is paused');
  expect(stderr).toMatch("0003_orders is completed: can't pause it");
});

test('lrm pause --json prints an entry for each with its error, and warnings as objects on stderr', async () => {
  const { code, stdout, stderr } = await lrm('pause', '1', '3', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual([
    { name: '0001_users_email', status: 'paused', result: 'paused', error: null },
    {
      name: '0003_orders',
      status: 'completed',
      result: null,
      error: expect.stringMatching("can't pause it"),
    },
  ]);
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toContainEqual({ error: expect.stringMatching("can't pause it") });
  expect(lines).toContainEqual({ warning: expect.stringMatching('no answer from Temporal') });
});

test('lrm register finds a file by the beginning of its name, and suggests one for a typing error', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0005_carts', 'exports.run = async () => {};');
  const register = lrmWith(servers, { LRM_JOBS_DIR: jobs.path });
  expect(await register('register', '5')).toMatchObject({
    code: 0,
    stdout: '0005_carts is registered\n',
    stderr: '',
  });
  const { code, stderr } = await register('register', '0005_crats');
  expect(code).toBe(0);
  expect(stderr).toMatch('did you mean 0005_carts?');
  expect(stderr).toMatch('npx lrm unregister 0005_crats');
});

test('lrm unregister needs --yes for a history, and is refused during a live attempt', async () => {
  expect(await lrm('unregister', '2')).toMatchObject({
    code: 0,
    stdout: '0002_users_name is no longer registered\n',
  });
  await insertRunning(servers.sql, '0006_runs', 3_600);
  expect(await lrm('unregister', '6')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching('has a history \\(1 attempt\\)'),
  });
  expect(await lrm('unregister', '6', '--yes')).toMatchObject({
    code: 0,
    stdout: '0006_runs is no longer registered, with its 1 attempt\n',
  });
  await insertRunning(servers.sql, '0007_runs');
  expect(await lrm('unregister', '7', '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching('npx lrm cancel 0007_runs first'),
  });
});

test('lrm --version prints only the version of the package', async () => {
  expect(await servers.lrm('--version')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

test('with --json every error is one object on stderr', async () => {
  for (const [args, code] of [
    [['status', '0009_x', '--json'], 1],
    [['status', '--json', '--frob'], 2],
    [['register', '../x', '--json'], 2],
  ] as const) {
    const result = await servers.lrm(...args);
    expect({ args, code: result.code }).toEqual({ args, code });
    expect(result.stdout).toBe('');
    expect(JSON.parse(result.stderr)).toEqual({ error: expect.any(String) });
  }
});
