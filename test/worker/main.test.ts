import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { useDatabase } from '../support/database';
import { useDevServers } from '../support/devServers';
import { startProxy } from '../support/proxy';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const empty = useDatabase({ empty: true });
const SOON = { LRM_WAIT: '2 seconds' };

/** Starts a worker that must not come up. Returns its exit code and its log. */
async function started(env: NodeJS.ProcessEnv) {
  const worker = servers.spawnWorker({ env: { ...SOON, ...env } });
  const code = await worker.exited;
  const lines = worker.log();
  return { code, last: lines.at(-1)?.msg ?? '', all: JSON.stringify(lines), lines };
}

const url = (change: (url: URL) => void): string => {
  const changed = new URL(servers.databaseUrl);
  change(changed);
  return changed.href;
};

test('worker: all settings that do not parse are named at once, exit code 2', async () => {
  const { code, lines, last } = await started({
    DATABASE_URL: 'mysql://user:hunter2@host/db',
    LRM_INTERVAL: 'often',
    LRM_MAX_CONCURRENT: '-1',
    LRM_JOBS_DIR: '/nowhere/at/all',
  });
  expect(code).toBe(2);
  expect(lines).toHaveLength(1);
  for (const name of ['DATABASE_URL', 'LRM_INTERVAL', 'LRM_MAX_CONCURRENT', 'LRM_JOBS_DIR']) {
    expect(last).toContain(name);
  }
  expect(last).not.toContain('hunter2');
});

test('worker: settings that cannot work together are refused', async () => {
  const { code, last } = await started({ LRM_START_TO_CLOSE: '2 seconds' });
  expect({ code, last }).toEqual({
    code: 2,
    last: 'wrong settings: LRM_START_TO_CLOSE: an attempt needs at least 4 seconds to be stopped in time',
  });
});

test('worker: without DATABASE_URL it says how to write one', async () => {
  const { code, last } = await started({ DATABASE_URL: '' });
  expect(code).toBe(2);
  expect(last).toMatch(/DATABASE_URL: not set, and npm start is not running: .* write postgres:/);
});

test.each([
  [
    'a host that refuses',
    (u: URL) => {
      u.port = '1';
    },
    /gave up waiting for Postgres: nothing answers for Postgres at 127\.0\.0\.1:1 \(DATABASE_URL\)/,
  ],
  [
    'a database that is not there',
    (u: URL) => {
      u.pathname = 'nowhere';
    },
    /Postgres: no such database \(SQLSTATE 3D000\): check DATABASE_URL/,
  ],
])('worker: for %s it waits, then exits with code 1', async (_, change, message) => {
  const { code, last, all } = await started({ DATABASE_URL: url(change) });
  expect(code).toBe(1);
  expect(last).toMatch(message);
  expect(all).toContain('waiting for Postgres');
});

test('worker: it reports a wrong password and does not show it', async () => {
  const wrong = url((u) => {
    u.password = 'hunter2';
  });
  const { code, last, all } = await started({ DATABASE_URL: wrong });
  expect(code).toBe(1);
  expect(last).toMatch(
    /Postgres: wrong password or user name \(SQLSTATE 28P01\): check DATABASE_URL/,
  );
  expect(all).not.toContain('hunter2');
});

test('worker: it names a missing right as the GRANT to run, at once', async () => {
  const role = `lrm_test_${randomBytes(6).toString('hex')}`;
  await servers.sql.unsafe(`create role ${role} login password '${role}'`);
  try {
    const withoutRights = url((u) => {
      u.username = role;
      u.password = role;
    });
    const { code, last } = await started({ DATABASE_URL: withoutRights });
    expect(code).toBe(1);
    expect(last).toMatch(/role lrm_test_\w+ has no access to their schema: GRANT USAGE ON SCHEMA /);
  } finally {
    await servers.sql.unsafe(`drop role ${role}`);
  }
});

test.each([
  ['DATABASE_URL', 'postgres://app:50%@db/app', /DATABASE_URL: can't be read as a URL/],
  ['TEMPORAL_ADDRESS', 'tempor al:seven', /TEMPORAL_ADDRESS: 'tempor al:seven' is not an address/],
])(
  'worker: it explains an invalid %s in plain words, exit code 2',
  async (name, value, message) => {
    const { code, last } = await started({ [name]: value });
    expect({ code, last }).toEqual({ code: 2, last: expect.stringMatching(message) });
  },
);

test('worker: messages of the SDK are lines of its log, too', async () => {
  const proxy = await startProxy(servers.temporalAddress);
  const worker = await servers.startWorker({ env: { TEMPORAL_ADDRESS: proxy.address } });

  proxy.close();

  await waitFor('the SDK to log that Temporal is gone', () =>
    worker.log().some((line) => line['from'] === 'temporal' && line['level'] === 'warn'),
  );
  expect(worker.log().filter((line) => line['level'] === undefined)).toEqual([]);
  expect(new Set(worker.log().map((line) => line['worker']))).toEqual(
    new Set([expect.stringMatching(`^${worker.pid}@`)]),
  );
  worker.kill('SIGKILL');
});

test('worker: when it cannot reach Temporal it waits, then exits with code 1', async () => {
  const { code, last } = await started({ TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(code).toBe(1);
  expect(last).toMatch(/gave up waiting for Temporal: no answer from Temporal at 127\.0\.0\.1:1 /);
});

test('worker: it names an unknown namespace, exit code 1', async () => {
  const { code, last } = await started({ TEMPORAL_NAMESPACE: 'nowhere' });
  expect(code).toBe(1);
  expect(last).toMatch(/no namespace 'nowhere'/);
});

test('worker: it refuses a database without the tables and says what to type', async () => {
  const { code, last } = await started({ DATABASE_URL: empty.databaseUrl });
  expect(code).toBe(1);
  expect(last).toMatch(/lacks 0000_.*; type: npx lrm migrate$/);
});

test('worker: it starts, with warnings about two jobs with one number and a misnamed file', async () => {
  const jobs = servers.jobsFolder();
  for (const name of ['0001_here', '0001_there', '2_Misnamed']) jobs.writeJob(name, '');
  const worker = await servers.startWorker({ jobs });
  const warnings = worker.log().filter((line) => line['level'] === 'warn');
  expect(warnings.map(({ msg }) => msg)).toEqual([
    "2_Misnamed.js: not a job's name; write it as 0001_lower_case",
    'the same number twice: 0001_here, 0001_there; they run in order of registration',
  ]);
  expect(await worker.stop()).toBe(0);
});
