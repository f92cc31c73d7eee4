import { beforeEach, expect, test } from '@jest/globals';
import { checkClock } from '../../client/doctor/clock';
import { checkPayloads } from '../../client/doctor/payloads';
import { keysOf } from '../activities/payloads/keys';
import { insertMigration } from '../drizzle/rows/rows';
import { useDatabase } from '../support/database';
import { useDevServers } from '../support/devServers';
import { lrmWith } from './lrm';

const servers = useDevServers();
const empty = useDatabase({ empty: true });

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
});

interface Report {
  readonly ok: boolean;
  readonly checks: { check: string; state: string; message: string; next: string | null }[];
}

async function doctor(env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null } & Report> {
  const { code, stdout } = await lrmWith(servers, env)('doctor', '--json');
  return { code, ...(JSON.parse(stdout) as Report) };
}

const find = ({ checks }: Report, check: string) => checks.find((each) => each.check === check);

test('lrm doctor exits 0 without a worker and a Schedule, and says what to type', async () => {
  const report = await doctor();
  expect(report).toMatchObject({ code: 0, ok: true });
  for (const check of [
    'database',
    'rights',
    'tables',
    'timeouts',
    'pooler',
    'clock',
    'temporal',
    'namespace',
    'run',
    'jobs',
  ]) {
    expect(find(report, check)).toMatchObject({ check, state: 'ok' });
  }
  expect(find(report, 'worker')).toMatchObject({ state: 'warning', next: 'npx lrm worker' });
  expect(find(report, 'schedule')).toMatchObject({ state: 'warning', next: 'npx lrm schedule' });
});

test('lrm doctor says whether what reaches Temporal is encrypted', () => {
  expect([keysOf(), keysOf('none', 'k1'), keysOf('k2', 'k1')].map(checkPayloads)).toMatchObject([
    { message: 'readable in Temporal (LRM_PAYLOAD_KEY names no key that encrypts)' },
    { message: expect.stringMatching(/^readable in Temporal .*; k1 only decrypt$/) },
    { message: 'encrypted with the key k2; k1 only decrypt' },
  ]);
});

test('lrm doctor prints one line for each check', async () => {
  const { code, stdout } = await servers.lrm('doctor');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok +database +PostgreSQL \d/m);
  expect(stdout).toMatch(/^warning +worker +none has polled lately\. Next: npx lrm worker$/m);
});

test('lrm doctor exits 1 when both servers are down, names both, and still checks the rest', async () => {
  const url = new URL(servers.databaseUrl);
  url.port = '1';
  const report = await doctor({ DATABASE_URL: url.href, TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(report).toMatchObject({ code: 1, ok: false });
  expect(find(report, 'database')).toMatchObject({ state: 'failed' });
  expect(find(report, 'temporal')).toMatchObject({ state: 'failed' });
  expect(find(report, 'jobs')).toMatchObject({ state: 'ok' });
});

test('lrm doctor reports missing tables and an unknown namespace', async () => {
  const report = await doctor({
    DATABASE_URL: empty.databaseUrl,
    TEMPORAL_NAMESPACE: 'nowhere',
  });
  expect(report.code).toBe(1);
  expect(find(report, 'tables')).toMatchObject({ state: 'failed', next: 'npx lrm migrate' });
  expect(find(report, 'temporal')?.message).toMatch("Temporal has no namespace 'nowhere'; set");
});

test("lrm doctor reports a role's timeouts and an attempt scheduled in the future", async () => {
  await insertMigration(servers.sql, '0001_a');
  await servers.sql`
    update long_running_migrations.migrations set claim_scheduled_at = now() + interval '2 hours'`;
  const name = new URL(servers.databaseUrl).pathname.slice(1);
  await servers.sql.unsafe(`alter database ${name} set idle_session_timeout = '90s'`);
  const report = await doctor();
  await servers.sql.unsafe(`alter database ${name} reset idle_session_timeout`);
  expect(find(report, 'timeouts')).toMatchObject({
    state: 'warning',
    message: 'idle_session_timeout 90000ms',
  });
  expect(report.checks).toContainEqual(
    expect.objectContaining({
      check: 'clock',
      state: 'warning',
      message: expect.stringMatching("scheduled by Temporal 1 h 59 min in the database's future"),
    }),
  );
});

test('lrm doctor compares the clocks', async () => {
  expect(await checkClock(servers.sql)).toMatchObject({ state: 'ok' });
  expect(await checkClock(servers.sql, () => Date.now() - 7_200_000)).toMatchObject({
    state: 'warning',
    message: expect.stringMatching(/^this machine is (2 h|1 h 59 min) behind the database$/),
  });
});
