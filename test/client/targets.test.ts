import { beforeEach, expect, test } from '@jest/globals';
import { requireCompleted } from '../../client/requireCompleted';
import { insertMigration, row } from '../drizzle/rows/rows';
import { useDevServers } from '../support/devServers';
import { lrmWith } from './lrm';

const servers = useDevServers();

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await insertMigration(servers.sql, '0001_tenants:a', 'completed');
  await insertMigration(servers.sql, '0001_tenants:ab', 'failed');
  await insertMigration(servers.sql, '0001_tenants:b');
  await insertMigration(servers.sql, '0001_tenants:c');
  await insertMigration(servers.sql, '0002_other', 'completed');
});

/** These commands need Temporal only to notify a run, so it may be down. */
const lrm = (...args: string[]) => lrmWith(servers, { TEMPORAL_ADDRESS: '127.0.0.1:1' })(...args);
const status = async (target: string) =>
  (await row(servers.sql, `0001_tenants:${target}`))['status'];
const gate = (...names: string[]) => requireCompleted(names, servers.databaseUrl);

test('lrm status shows the targets of a job as one line, and with its name one line each', async () => {
  const { stdout } = await lrm('status');
  expect(stdout.match(/^0\d+_.*$/gm)).toEqual([
    expect.stringMatching(
      /^0001_tenants:\* +failed .* 4 targets: 1 completed, 1 failed, 2 created: npx lrm status 0001_tenants$/,
    ),
    expect.stringMatching(/^0002_other +completed/),
  ]);
  const { stdout: listed } = await lrm('status', '1');
  expect(listed.match(/^0\d+_\S+/gm)).toEqual(
    ['a', 'ab', 'b', 'c'].map((each) => `0001_tenants:${each}`),
  );
});

test('lrm status --json is flat, with job and target; only of one migration with its input', async () => {
  const all = JSON.parse((await lrm('status', '--json')).stdout);
  expect(all).toHaveLength(5);
  expect(all[0]).toMatchObject({ name: '0001_tenants:a', job: '0001_tenants', target: 'a' });
  expect(all[4]).toMatchObject({ name: '0002_other', job: '0002_other', target: null });
  expect(JSON.parse((await lrm('status', '0001_tenants', '--json')).stdout)).toHaveLength(4);
  await servers.sql`
    update long_running_migrations.migrations set input = '{"token":"s3cret"}' where name = '0001_tenants:b'`;
  expect((await lrm('status', '1:b')).stdout).toMatch(/^input +\{"token": "s3cret"\}$/m);
  const [one] = JSON.parse((await lrm('status', '0001_tenants:b', '--json')).stdout);
  expect(one.input).toEqual({ token: 's3cret' });
  for (const args of [[], ['--json'], ['1'], ['1', '--json']]) {
    expect((await lrm('status', ...args)).stdout).not.toMatch('s3cret');
  }
});

test('a job without a target is all of its targets for which the command is possible, with --yes', async () => {
  const asked = await lrm('pause', '0001_tenants');
  expect(asked.code).toBe(2);
  expect(asked.stderr).toMatch(
    'pause 2 of the 4 of 0001_tenants? There is no terminal to ask on: add --yes',
  );
  expect(await status('b')).toBe('created');

  const paused = await lrm('pause', '1', '--yes');
  expect(paused).toMatchObject({
    code: 0,
    stderr: expect.stringMatching('left as they are, of 0001_tenants: 1 completed, 1 failed'),
  });
  expect(paused.stdout.match(/^\S+ is paused/gm)?.sort()).toEqual([
    '0001_tenants:b is paused',
    '0001_tenants:c is paused',
  ]);
  expect((await lrm('resume', '1', '--yes', '--no-run')).code).toBe(0);
  expect([await status('b'), await status('c')]).toEqual(['created', 'created']);
  expect((await lrm('retry', '1', '--yes', '--no-run')).code).toBe(0);
  expect([await status('a'), await status('ab')]).toEqual(['completed', 'created']);
  const none = await lrm('retry', '1', '--yes', '--no-run');
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch("can't retry any of the 4 of 0001_tenants: ");
  expect((await lrm('cancel', '1', '--yes')).code).toBe(0);
  expect((await lrm('unregister', '1', '--yes')).code).toBe(0);
  expect(await servers.sql`select name from long_running_migrations.migrations`).toEqual([
    { name: '0002_other' },
  ]);
}, 240_000);

test('one target is typed by its name, its number, or a beginning that only it has', async () => {
  expect((await lrm('pause', '1:b')).code).toBe(0);
  expect((await lrm('pause', '0001_ten:c')).code).toBe(0);
  expect([await status('b'), await status('c')]).toEqual(['paused', 'paused']);
  // 'a' is a whole target, although 'ab' begins with it.
  expect((await lrm('pause', '1:a')).stderr).toMatch("0001_tenants:a is completed: can't pause it");
  await insertMigration(servers.sql, '0001_tenants:long_1');
  await insertMigration(servers.sql, '0001_tenants:long_2');
  expect((await lrm('pause', '1:long')).stderr).toMatch(
    '1:long matches 0001_tenants:long_1, 0001_tenants:long_2: type more of the name',
  );
  const missing = await lrm('status', '0001_tenants:long_3');
  expect(missing.code).toBe(1);
  expect(missing.stderr).toMatch('did you mean 0001_tenants:long_1');
});

test('a registration without a target stands beside the others, and is typed with a colon', async () => {
  await insertMigration(servers.sql, '0001_tenants');
  expect((await lrm('status')).stdout.match(/^0\d+_\S+/gm)?.sort()).toEqual([
    '0001_tenants',
    '0001_tenants:*',
    '0002_other',
  ]);
  expect((await lrm('pause', '0001_tenants:')).code).toBe(0);
  expect((await row(servers.sql, '0001_tenants'))['status']).toBe('paused');
  expect(await status('b')).toBe('created');
  expect((await lrm('cancel', '0001_tenants', '--yes')).code).toBe(0);
  expect((await row(servers.sql, '0001_tenants'))['status']).toBe('cancelled');
});

test('a gate on a job passes only when all of its targets are completed', async () => {
  await expect(gate('0001_tenants')).rejects.toThrow(
    '0001_tenants:ab is failed. Next: npx lrm retry 0001_tenants:ab ' +
      '0001_tenants:b is created. Next: npx lrm finalize 0001_tenants:b ',
  );
  await expect(gate('1')).rejects.toThrow('0001_tenants:c is created');
  await gate('0001_tenants:a');
  await expect(gate('0001_tenants:z')).rejects.toThrow('0001_tenants:z is not registered');
  await expect(gate('0001_ten')).rejects.toThrow('0001_ten is not registered');
  await servers.sql`update long_running_migrations.migrations set status = 'completed'`;
  await gate('0001_tenants');
  expect((await lrm('check', '1')).stdout).toBe('completed: 0001_tenants\n');
});

test('the shell completes jobs, and their targets after a colon', async () => {
  const complete = async (word: string) =>
    (await lrm('complete', '--', 'pause', word)).stdout.match(/^0\S+/gm);
  expect(await complete('00')).toEqual(['0001_tenants', '0002_other']);
  expect(await complete('0001_tenants:a')).toEqual(['0001_tenants:a', '0001_tenants:ab']);
});

/** A row that was skipped, without the walk that has done so. */
const skip = (name: string, key: string) => servers.sql`
  insert into long_running_migrations.skipped_rows (migration, walk, key, code)
  values (${name}, 1, ${[key]}, '22P02')`;

test('a job with reverted targets or skipped rows is not shown as completed', async () => {
  const { sql } = servers;
  await sql`update long_running_migrations.migrations set status = 'completed'`;
  await skip('0001_tenants:b', '7');
  expect((await lrm('status')).stdout).toMatch(/^0001_tenants:\* +completed, 1 row skipped /m);
  await sql`update long_running_migrations.migrations set status = 'reverted' where name = '0001_tenants:c'`;
  expect((await lrm('status')).stdout).toMatch(/^0001_tenants:\* +reverted, 1 row skipped /m);
});

test('lrm skipped takes one target: rows of a target that nobody has seen are not accepted', async () => {
  await skip('0001_tenants:a', '7');
  await skip('0001_tenants:b', '8');
  for (const args of [[], ['--accept']]) {
    const { code, stderr } = await lrm('skipped', '0001_tenants', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/has 4 targets, with skipped rows: .*0001_tenants:b \(1\)/);
  }
  expect(
    await servers.sql`select from long_running_migrations.skipped_rows where accepted_at is not null`,
  ).toHaveLength(0);
  expect((await lrm('skipped', '1:a', '--accept')).code).toBe(0);
});

test('retry --forward of a job leaves targets alone that are not being reverted', async () => {
  await servers.sql`
    update long_running_migrations.migrations set status = 'failed', direction = 'revert'
    where name = '0001_tenants:b'`;
  const { code, stderr } = await lrm('retry', '1', '--forward', '--yes', '--no-run');
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringMatching('left as they'),
  });
  expect([await status('a'), await status('ab'), await status('b')]).toEqual([
    'completed',
    'failed',
    'created',
  ]);
});
