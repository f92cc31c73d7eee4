import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { requireCompleted } from '../../client/requireCompleted';
import { insertMigration } from '../drizzle/rows/rows';
import { useDatabase } from '../support/database';
import { useDevServers } from '../support/devServers';
import { runLrm } from '../support/lrm';

/** A random name, because other test files use the same server, and roles belong to the server. */
const role = `reader_${randomBytes(6).toString('hex')}`;

// Registered before useDevServers(), so that it runs while the connection is still open.
afterAll(async () => {
  await servers.sql.unsafe(`drop owned by ${role}`);
  await servers.sql.unsafe(`drop role ${role}`);
});
const servers = useDevServers();
const empty = useDatabase({ empty: true });

beforeAll(async () => {
  await servers.sql.unsafe(`create role ${role} login password 'secret'`);
});
beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
});

function url(change: (url: URL) => void): string {
  const changed = new URL(servers.databaseUrl);
  change(changed);
  return changed.href;
}

const asRole = () =>
  url((each) => {
    each.username = role;
    each.password = 'secret';
  });

const check = (databaseUrl: string, ...names: string[]) =>
  runLrm(servers.env({ DATABASE_URL: databaseUrl }), ['check', ...names]);

test('lrm check finds our tables when the search_path lacks our schema', async () => {
  await insertMigration(servers.sql, '0001_a');
  const elsewhere = url((each) => each.searchParams.set('options', '-csearch_path=nowhere'));
  expect(await check(elsewhere)).toMatchObject({
    code: 1,
    stderr: 'lrm: 0001_a is created. Next: npx lrm finalize 0001_a\n',
  });
  expect((await check(elsewhere, '9999_nope')).stderr).toMatch('9999_nope is not registered');
});

test('lrm check fails for a role that may not read our tables, and prints the GRANT to type', async () => {
  expect(await check(asRole(), '9999_nope')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(`GRANT USAGE ON SCHEMA long_running_migrations TO "${role}"\n$`),
  });
  await expect(requireCompleted([], asRole())).rejects.toThrow('GRANT USAGE');

  await servers.sql.unsafe(`grant usage on schema long_running_migrations to ${role}`);
  expect(await check(asRole())).toMatchObject({
    code: 1,
    stderr: expect.stringMatching('GRANT SELECT ON ALL TABLES IN SCHEMA'),
  });

  await servers.sql.unsafe(
    `grant select on all tables in schema long_running_migrations to ${role}`,
  );
  expect(await check(asRole())).toMatchObject({ code: 0, stderr: '' });
});

test('lrm check fails for a role from which row security may hide rows', async () => {
  await servers.sql.unsafe(`
    grant usage on schema long_running_migrations to ${role};
    grant select on all tables in schema long_running_migrations to ${role};
    alter table long_running_migrations.migrations enable row level security`);
  await insertMigration(servers.sql, '0001_a');
  const { code, stderr } = await check(asRole());
  await servers.sql`alter table long_running_migrations.migrations disable row level security`;
  expect(code).toBe(1);
  expect(stderr).toMatch('row security policy may hide rows of migrations');
});

test('lrm check passes in a database without our tables, and says why', async () => {
  const name = new URL(empty.databaseUrl).pathname.slice(1);
  for (const names of [[], ['0001_a'], ['7']]) {
    expect(await check(empty.databaseUrl, ...names)).toMatchObject({
      code: 0,
      stdout: 'passed: nothing was ever registered here\n',
      stderr: expect.stringMatching(`database ${name} has none of our tables`),
    });
  }
});

test('lrm check accepts a number but not the beginning of a name, and suggests a name for a typing error', async () => {
  await insertMigration(servers.sql, '0001_users_email', 'completed');
  expect(await check(servers.databaseUrl, '1')).toMatchObject({
    code: 0,
    stdout: 'completed: 0001_users_email\n',
  });
  expect((await check(servers.databaseUrl, '0001_users')).code).toBe(1);
  expect((await check(servers.databaseUrl, '0001_users_emial')).stderr).toMatch(
    'did you mean 0001_users_email?',
  );
  expect(await check(servers.databaseUrl, '0002')).toMatchObject({
    code: 1,
    stderr: 'lrm: no registered migration has the number 0002\n',
  });
});
