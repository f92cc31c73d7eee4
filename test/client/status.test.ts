import { beforeEach, expect, test } from '@jest/globals';
import { insertEnded, insertMigration, insertRunning } from '../drizzle/rows/rows';
import { useDevServers } from '../support/devServers';
import { answersInTime, lrmWith } from './lrm';

const servers = useDevServers();
const DOWN = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
});

test('lrm status --json prints only an array with what a script needs', async () => {
  await insertRunning(servers.sql, '0001_a');
  await insertMigration(servers.sql, '0002_b', 'completed');
  const { code, stdout } = await servers.lrm('status', '--json');
  expect(code).toBe(0);
  const rows = JSON.parse(stdout);
  expect(rows.map((row: { name: string }) => row.name)).toEqual(['0001_a', '0002_b']);
  expect(rows[0]).toMatchObject({
    status: 'in_progress',
    attempts: 1,
    error: null,
    rowsDone: 0,
    rowsTotal: null,
    createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    startedAt: null,
    completedAt: null,
    updatedAt: expect.any(String),
    running: true,
  });
});

test('lrm status prints one line for each migration, without colours when piped', async () => {
  await insertRunning(servers.sql, '0001_a');
  await servers.sql`update long_running_migrations.migrations set rows_done = 54, rows_total = 100`;
  await insertMigration(servers.sql, '0002_b');
  await servers.sql`
    update long_running_migrations.migrations set waits_for = 'waits for 0001_a (in_progress)'
    where name = '0002_b'`;
  const { stdout } = await servers.lrm('status');
  expect(stdout).toMatch(/^0001_a +in_progress +██████▌░░░░░ +54 % +54 \/ 100 /m);
  expect(stdout).toMatch(/^0002_b +created .*waits for 0001_a \(in_progress\)$/m);
  expect(stdout).not.toMatch('\u001b');
});

test('lrm status works without Temporal, with a warning of one line', async () => {
  await insertMigration(servers.sql, '0001_a', 'failed');
  const { code, stdout, stderr } = await answersInTime(
    'lrm status',
    lrmWith(servers, DOWN)('status'),
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/0001_a +failed/);
  expect(stderr).toBe(
    'lrm: no answer from Temporal at 127.0.0.1:1 (TEMPORAL_ADDRESS; is the server running?); ' +
      'this comes from Postgres alone\n',
  );
});

test('lrm status --json prints only JSON, also without Temporal', async () => {
  await insertMigration(servers.sql, '0001_a');
  const { code, stdout } = await lrmWith(servers, DOWN)('status', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toHaveLength(1);
});

test('lrm status warns about a number used twice, timeouts without progress, and missing workers', async () => {
  await insertMigration(servers.sql, '0001_a', 'in_progress');
  await insertMigration(servers.sql, '0001_b');
  for (const number of [1, 2, 3]) await insertEnded(servers.sql, '0001_a', number, 'timed_out');
  const { stderr } = await servers.lrm('status');
  expect(stderr).toMatch('the same number twice: 0001_a, 0001_b');
  expect(stderr).toMatch('0001_a reached its time limit 3 times in a row without progress');
  expect(stderr).toMatch('no worker has polled lately');
  expect(stderr).toMatch('nothing starts a run: npx lrm schedule');
});

test('lrm status shows that a worker sends no heartbeats', async () => {
  await insertRunning(servers.sql, '0001_a', 90);
  expect((await servers.lrm('status')).stdout).toMatch(
    /no heartbeat from its worker for 1 min \d+ s/,
  );
});

test('lrm status <name> shows its attempts: start, duration, worker and outcome', async () => {
  await insertMigration(servers.sql, '0001_a', 'failed');
  await insertEnded(servers.sql, '0001_a', 1, 'retried');
  await insertEnded(servers.sql, '0001_a', 2, 'failed');
  await servers.sql`update long_running_migrations.attempts set error = 'number ' || number`;
  const { code, stdout } = await servers.lrm('status', '0001_a');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ +2 .* failed .*1@test +number 2$/m);
  expect(stdout).toMatch(/^ +1 .* retried .*1@test +number 1$/m);
});

test('lrm status names the step that runs instead of the time left; lrm status <name> lists all steps', async () => {
  const id = await insertRunning(servers.sql, '0001_a');
  await servers.sql`
    update long_running_migrations.migrations set rows_done = 100, rows_total = 100, step = 'swap: an index'`;
  await servers.sql`update long_running_migrations.attempts set rows_done = 100`;
  await servers.sql`
    insert into long_running_migrations.steps (migration, name, started_at, completed_at)
    values ('0001_a', 'fill', now() - interval '200 s', now() - interval '8 s'), ('0001_a', 'swap', now(), null)`;
  const { stdout } = await servers.lrm('status');
  expect(stdout).toMatch(/^0001_a +in_progress .* 99 % .*step: swap: an index/m);
  expect(stdout).not.toMatch('0 s');
  const one = (await servers.lrm('status', '0001_a')).stdout;
  expect(one).toMatch(/^fill +\S+ \S+ +3 min 12 s +done$/m);
  expect(one).toMatch(/^swap +\S+ \S+ +running$/m);
  const [json] = JSON.parse((await servers.lrm('status', '0001_a', '--json')).stdout);
  expect(json).toMatchObject({
    step: 'swap: an index',
    steps: [
      { name: 'fill', completedAt: expect.any(String) },
      { name: 'swap', completedAt: null },
    ],
  });
  // The step of an attempt that has ended is not running.
  await servers.sql`
    update long_running_migrations.attempts set heartbeat_at = now() - interval '1 hour' where id = ${String(id)}`;
  expect((await servers.lrm('status')).stdout).not.toMatch('step:');
  expect((await servers.lrm('status', '0001_a')).stdout).toMatch(/^swap .* not done$/m);
});

test('lrm status <name> exits 1 when it is not registered', async () => {
  const { code, stderr } = await servers.lrm('status', '0009_x');
  expect(code).toBe(1);
  expect(stderr).toMatch('0009_x is not registered');
});

test('lrm status shows the unfinished and the latest completed migrations; --all shows all', async () => {
  await servers.sql`
    insert into long_running_migrations.migrations (name, status, created_at)
    select lpad(i::text, 4, '0') || '_x', 'completed', now() + i * interval '1 second'
    from generate_series(1, 30) i`;
  const lines = async (...args: string[]) =>
    (await servers.lrm('status', ...args)).stdout.match(/^\d{4}_x/gm)?.length;
  expect(await lines()).toBe(10);
  expect(await lines('--all')).toBe(30);
});

test('lrm status can show values that somebody wrote by hand', async () => {
  const byHand = [
    'rows_done = 9223372036854775807',
    'rows_done = 9223372036854775807, rows_total = 1',
    'rows_done = -9223372036854775808, rows_total = 5',
    'rows_done = 5, rows_total = -1',
    'rows_done = 5, rows_total = 0',
    'rows_done = 5, rows_total = 9223372036854775807',
    "created_at = 'infinity', started_at = '-infinity', updated_at = '294276-01-01'",
  ];
  for (const [index, set] of byHand.entries()) {
    await insertRunning(servers.sql, `000${index}_a`);
    await servers.sql.unsafe(
      `update long_running_migrations.migrations set ${set} where name = '000${index}_a'`,
    );
  }
  for (const args of [[], ['--json'], ['0003_a'], ['0006_a']]) {
    const { code, stderr } = await servers.lrm('status', ...args);
    expect({ args, code, stderr }).toMatchObject({
      args,
      code: 0,
      stderr: expect.not.stringMatching('RangeError'),
    });
  }
});
