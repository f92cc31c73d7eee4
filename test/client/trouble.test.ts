import { expect, test } from '@jest/globals';
import { createProgram } from '../../client/program';
import { useDatabase } from '../support/database';
import { useDevServers } from '../support/devServers';
import { runLrm } from '../support/lrm';
import { answersInTime } from './lrm';

const servers = useDevServers();
const empty = useDatabase({ empty: true });

const SECRET = 'hunter2hunter2';
const with_ = (settings: NodeJS.ProcessEnv, ...args: string[]) =>
  runLrm(servers.env(settings), args);

/** One line, without a stack trace and without the secret. */
function expectOneLine({ stdout, stderr }: { stdout: string; stderr: string }): void {
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^lrm: /);
  expect(stdout + stderr).not.toMatch(SECRET);
  expect(stderr).not.toMatch(/\bat .*:\d+:\d+/);
}

function withPassword(change: (url: URL) => void): string {
  const url = new URL(servers.databaseUrl);
  change(url);
  return url.href;
}

test.each<[string, () => string, string]>([
  [
    'a port where nothing listens',
    () =>
      withPassword((url) => {
        url.port = '1';
      }),
    'nothing answers for Postgres at',
  ],
  [
    'an unknown host',
    () => `postgres://app:${SECRET}@no-such-host.invalid/app`,
    'no such host for Postgres: no-such-host.invalid',
  ],
  [
    'a wrong user',
    () =>
      withPassword((url) => {
        url.username = 'nobody';
        url.password = SECRET;
      }),
    'Postgres: wrong password or user name',
  ],
  [
    'a missing database',
    () =>
      withPassword((url) => {
        url.pathname = 'missing';
      }),
    'Postgres: no such database',
  ],
])('lrm status exits 1 with one line when DATABASE_URL has %s', async (_, url, line) => {
  const result = await with_({ DATABASE_URL: url() }, 'status');
  expect(result).toMatchObject({ code: 1, stdout: '' });
  expect(result.stderr).toMatch(line);
  expectOneLine(result);
});

test.each([
  ['not a URL for Postgres', `mysql://app:${SECRET}@db/app`],
  ['a URL whose password is not encoded', `postgres://app:${SECRET}%zz@db/app`],
])('lrm status exits 2 with one line when DATABASE_URL is %s', async (_, url) => {
  const result = await with_({ DATABASE_URL: url }, 'status');
  expect(result.code).toBe(2);
  expectOneLine(result);
});

test('one error names all settings that do not parse', async () => {
  const result = await with_({ LRM_INTERVAL: 'soon', LRM_MAX_FAILURES: '-1' }, 'status');
  expect(result.code).toBe(2);
  expectOneLine(result);
  expect(result.stderr).toMatch(/LRM_INTERVAL.*LRM_MAX_FAILURES/);
});

test.each([['status'], ['register', '0001_a'], ['pause', '0001_a'], ['finalize', '0001_a']])(
  'lrm %s says to run npx lrm migrate on a database without our tables',
  async (...args) => {
    const result = await with_({ DATABASE_URL: empty.databaseUrl }, ...args);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch('run npx lrm migrate');
    expectOneLine(result);
  },
);

test.each([['run'], ['schedule']])(
  'lrm %s exits 1 with one line while Temporal is down',
  async (command) => {
    const result = await answersInTime(
      `lrm ${command}`,
      with_({ TEMPORAL_ADDRESS: '127.0.0.1:1' }, command),
    );
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch('no answer from Temporal at 127.0.0.1:1');
    expectOneLine(result);
  },
);

test.each([['run'], ['schedule']])(
  'lrm %s exits 1 with one line for an unknown namespace',
  async (command) => {
    const result = await with_({ TEMPORAL_NAMESPACE: 'nowhere' }, command);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      "Temporal has no namespace 'nowhere'; set TEMPORAL_NAMESPACE, or:",
    );
    expectOneLine(result);
  },
);

test.each([
  ['frobnicate'],
  ['pause'],
  ['status', '--frob'],
  ['register', '../x'],
  ['status', '--watch'],
])('lrm %s %s is wrong use: exit 2 with one line', async (...args) => {
  const result = await servers.lrm(...args);
  expect(result.code).toBe(2);
  expectOneLine(result);
});

test('lrm <command> --help has an example for each command', async () => {
  const commands = createProgram().commands.map((command) => command.name());
  const answers = await Promise.all(
    commands.map(async (command) => ({ command, ...(await servers.lrm(command, '--help')) })),
  );
  for (const { command, code, stdout } of answers) {
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples?:\\n.*npx lrm ${command}`));
  }
});
