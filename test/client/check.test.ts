import { beforeEach, expect, test } from '@jest/globals';
import { NotCompleted, requireCompleted } from '../../client/requireCompleted';
import { insertMigration } from '../drizzle/rows/rows';
import { useDatabase } from '../support/database';
import { useDevServers } from '../support/devServers';
import { runLrm } from '../support/lrm';

const servers = useDevServers();
const empty = useDatabase({ empty: true });

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
});

test('lrm check passes when all registered migrations are completed', async () => {
  await insertMigration(servers.sql, '0001_a', 'completed');
  expect(await servers.lrm('check')).toMatchObject({ code: 0, stderr: '' });
});

test.each([
  ['created', 'finalize'],
  ['in_progress', 'finalize'],
  ['paused', 'resume'],
  ['failed', 'retry'],
  ['cancelled', 'retry'],
] as const)(
  'lrm check fails on a %s migration, and prints the command to type',
  async (status, command) => {
    await insertMigration(servers.sql, '0001_a', status);
    expect(await servers.lrm('check')).toMatchObject({
      code: 1,
      stderr: `lrm: 0001_a is ${status}. Next: npx lrm ${command} 0001_a\n`,
    });
  },
);

test.each([
  ['created', 'created to be reverted', 'status 0001_a'],
  ['in_progress', 'in_progress reverting', 'status 0001_a'],
  ['paused', 'paused while reverting', 'resume 0001_a'],
  ['failed', 'failed while reverting', 'retry 0001_a --forward'],
  ['cancelled', 'cancelled while reverting', 'retry 0001_a --forward'],
  ['reverted', 'reverted', 'retry 0001_a'],
] as const)(
  'lrm check says that a %s migration goes back, and prints no command that is refused',
  async (status, text, command) => {
    await insertMigration(servers.sql, '0001_a', status);
    await servers.sql`update long_running_migrations.migrations set direction = 'revert'`;
    expect(await servers.lrm('check')).toMatchObject({
      code: 1,
      stderr: `lrm: 0001_a is ${text}. Next: npx lrm ${command}\n`,
    });
  },
);

test.each([
  ['failed', 'failed while reverting (TypeError)'],
  ['in_progress', 'in_progress reverting (TypeError)'],
  ['created', 'created to be reverted (while reverting: TypeError)'],
] as const)('lrm check says once that a %s migration was being reverted', async (status, text) => {
  await insertMigration(servers.sql, '0001_a', status);
  await servers.sql`
    update long_running_migrations.migrations
    set direction = 'revert', error = 'while reverting: TypeError'`;
  expect((await servers.lrm('check')).stderr).toContain(`lrm: 0001_a is ${text}. Next: `);
});

test('lrm check with names ignores other migrations', async () => {
  await insertMigration(servers.sql, '0001_a', 'completed');
  await insertMigration(servers.sql, '0002_b', 'failed');
  expect((await servers.lrm('check', '0001_a')).code).toBe(0);
  expect((await servers.lrm('check', '0001_a', '0002_b')).code).toBe(1);
});

test('lrm check fails on a name that is not registered', async () => {
  const { code, stderr } = await servers.lrm('check', '0009_x');
  expect(code).toBe(1);
  expect(stderr).toMatch('0009_x is not registered');
});

test('lrm check passes on a fresh install', async () => {
  const fresh = (...args: string[]) =>
    runLrm(servers.env({ DATABASE_URL: empty.databaseUrl }), ['check', ...args]);
  expect((await fresh()).code).toBe(0);
  expect((await fresh('0001_a')).code).toBe(0);
});

test('lrm check fails when journal entries are not applied, and lrm migrate names a skipped entry', async () => {
  const [entry] = await servers.sql`
    delete from long_running_migrations.schema_migrations returning hash, created_at`;
  await servers.sql`
    insert into long_running_migrations.schema_migrations (hash, created_at)
    values ('of a newer version', 99999999999999)`;
  const check = await servers.lrm('check');
  expect(check.code).toBe(1);
  expect(check.stderr).toMatch('0000_our_tables');
  const migrate = await servers.lrm('migrate');
  expect(migrate.code).toBe(1);
  expect(migrate.stderr).toMatch('older than the newest applied one: 0000_our_tables');
  await servers.sql`delete from long_running_migrations.schema_migrations`;
  await servers.sql`
    insert into long_running_migrations.schema_migrations (hash, created_at)
    values (${entry?.['hash']}, ${entry?.['created_at']})`;
});

test('lrm check with names ignores journal entries that the next lrm migrate applies', async () => {
  await insertMigration(servers.sql, '0001_a', 'completed');
  const [entry] = await servers.sql`
    delete from long_running_migrations.schema_migrations
    where created_at = (select max(created_at) from long_running_migrations.schema_migrations)
    returning hash, created_at`;
  expect((await servers.lrm('check', '0001_a')).code).toBe(0);
  const all = await servers.lrm('check');
  expect(all.code).toBe(1);
  expect(all.stderr).toMatch(/not applied yet: .* Next: npx lrm migrate/);
  await servers.sql`
    insert into long_running_migrations.schema_migrations (hash, created_at)
    values (${entry?.['hash']}, ${entry?.['created_at']})`;
});

test('requireCompleted does the same as a function', async () => {
  await insertMigration(servers.sql, '0001_a', 'completed');
  await requireCompleted(['0001_a'], servers.databaseUrl);
  await insertMigration(servers.sql, '0002_b');
  await expect(requireCompleted([], servers.databaseUrl)).rejects.toThrow(NotCompleted);
  await expect(requireCompleted(['../x'], servers.databaseUrl)).rejects.toThrow('it is a path');
});
