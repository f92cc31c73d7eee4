import { beforeEach, expect, test } from '@jest/globals';
import { connect } from '../../../drizzle/connect';
import { readJournal } from '../../../drizzle/migrator/journal';
import { applyMigrations, missingEntries, NotApplied } from '../../../drizzle/migrator/migrate';
import { useDatabase } from '../../support/database';

const database = useDatabase({ empty: true });
const all = readJournal('sql').map(({ tag }) => tag);
const [first = ''] = all;

beforeEach(async () => {
  await database.sql`drop schema if exists long_running_migrations cascade`;
});

test('applyMigrations applies every entry once, in order', async () => {
  expect(await applyMigrations(database.databaseUrl, 'sql')).toEqual(all);
  expect(await applyMigrations(database.databaseUrl, 'sql')).toEqual([]);
});

test('five applyMigrations at the same time: one applies everything, the others find nothing to do', async () => {
  const five = [1, 2, 3, 4, 5].map(() => applyMigrations(database.databaseUrl, 'sql'));
  const applied = await Promise.all(five);
  expect(applied.filter((tags) => tags.length > 0)).toEqual([all]);
});

test('applyMigrations says for whom it waits', async () => {
  const other = connect(database.databaseUrl, { max: 1, applicationName: 'other' });
  const key = other`hashtextextended('long_running_migrations.schema_migrations', 0)`;
  const [locked] = await other`select pg_backend_pid() as pid, pg_advisory_lock(${key})`;
  let migrating: Promise<string[]> | undefined;
  const pid = await new Promise((resolve) => {
    migrating = applyMigrations(database.databaseUrl, 'sql', { waiting: resolve });
  });
  expect(pid).toBe(locked?.['pid']);
  await other.end();
  expect(await migrating).toEqual(all);
});

test('applyMigrations names an entry older than the newest applied one', async () => {
  await applyMigrations(database.databaseUrl, 'sql');
  await database.sql`
    insert into long_running_migrations.schema_migrations (hash, created_at)
    values ('of a newer version', 99999999999999)`;
  await forget(first);
  const failure = await applyMigrations(database.databaseUrl, 'sql').catch((error) => error);
  expect(failure).toBeInstanceOf(NotApplied);
  expect(failure.message).toMatch(`older than the newest applied one: ${first} (`);
});

test('applyMigrations names an entry that was changed after it was applied', async () => {
  await applyMigrations(database.databaseUrl, 'sql');
  await database.sql`
    update long_running_migrations.schema_migrations set hash = 'other' where hash = ${hashOf(first)}`;
  await expect(applyMigrations(database.databaseUrl, 'sql')).rejects.toThrow(
    `changed after they were applied: ${first}`,
  );
});

test("applyMigrations ignores Drizzle's own table, which belongs to the application", async () => {
  await database.sql`create schema drizzle`;
  await database.sql`create table drizzle.__drizzle_migrations (id int, hash text, created_at bigint)`;
  await database.sql`insert into drizzle.__drizzle_migrations values (1, 'app', 99999999999999)`;
  expect(await applyMigrations(database.databaseUrl, 'sql')).toEqual(all);
  await database.sql`drop schema drizzle cascade`;
});

test('applyMigrations needs privileges on the schema, but not on the database', async () => {
  const role = `migrator_${Date.now()}`;
  await database.sql.unsafe(`create role ${role} login password 'secret'`);
  await database.sql`create schema long_running_migrations`;
  await database.sql.unsafe(`grant create, usage on schema long_running_migrations to ${role}`);
  const url = new URL(database.databaseUrl);
  url.username = role;
  url.password = 'secret';
  expect(await applyMigrations(url.href, 'sql')).toEqual(all);
  await database.sql.unsafe(`drop owned by ${role}`);
  await database.sql.unsafe(`drop role ${role}`);
});

test('missingEntries returns the entries that a worker needs', async () => {
  expect(await missingEntries(database.sql)).toEqual(all);
  await applyMigrations(database.databaseUrl, 'sql');
  expect(await missingEntries(database.sql)).toEqual([]);
  await database.sql`update long_running_migrations.schema_migrations set hash = 'other'`;
  expect(await missingEntries(database.sql)).toEqual([]);
  await forget('everything');
  expect(await missingEntries(database.sql)).toEqual(all);
});

test('missingEntries sees what another session has just applied', async () => {
  const other = connect(database.databaseUrl, { applicationName: 'other' });
  expect(await missingEntries(other)).toEqual(all);
  await applyMigrations(database.databaseUrl, 'sql');
  expect(await missingEntries(other)).toEqual([]);
  await other.end();
});

async function forget(tag: string): Promise<void> {
  if (tag === 'everything')
    await database.sql`delete from long_running_migrations.schema_migrations`;
  else {
    await database.sql`delete from long_running_migrations.schema_migrations where hash = ${hashOf(tag)}`;
  }
}

function hashOf(tag: string): string {
  return readJournal('sql').find((entry) => entry.tag === tag)?.hash ?? '';
}
