import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from '@jest/globals';
import { requireCompleted } from '../../../client/requireCompleted';
import { connect } from '../../../drizzle/connect';
import { database as drizzle } from '../../../drizzle/database';
import { applyMigrations } from '../../../drizzle/migrator/migrate';
import { describeInbox, readInbox } from '../../../drizzle/rows/registrations';
import { readNames } from '../../../drizzle/rows/unfinished';
import { unregister } from '../../../drizzle/rows/unregister';
import { useDatabase } from '../../support/database';
import { SAFE_FORM } from '../../support/registration';
import { waitFor } from '../../support/waitFor';

const database = useDatabase({ empty: true });

beforeEach(async () => {
  await database.sql`drop schema if exists long_running_migrations cascade`;
});

const migrate = (url = database.databaseUrl) => applyMigrations(url, 'sql');
const register = (name: string) => database.sql.unsafe(SAFE_FORM(name));
const registered = () => readNames(database.sql);
const gate = (...names: string[]) => requireCompleted(names, database.databaseUrl);

test('what was registered before lrm migrate is taken over, in the order of registration', async () => {
  await register('0002_b');
  await register('0001_a');
  await migrate();
  const rows = await database.sql`
    select name from long_running_migrations.migrations order by created_at, name`;
  expect(rows.map(({ name }) => name)).toEqual(['0002_b', '0001_a']);
  expect(await readInbox(database.sql)).toEqual({ waiting: [], unusable: [] });
});

test('what is registered after lrm migrate is sent to migrations at once', async () => {
  await migrate();
  await register('0001_a');
  await register('0001_a');
  expect(await registered()).toEqual(['0001_a']);
  await database.sql`insert into long_running_migrations.migrations (name) values ('0002_b')`;
  await register('0002_b');
  expect(await registered()).toEqual(['0001_a', '0002_b']);
});

test('what is registered at infinity is dormant, before lrm migrate and after it', async () => {
  const dormant = (name: string) =>
    database.sql.unsafe(
      SAFE_FORM(name).replace(
        /\(name\) VALUES \('(.*)'\)/,
        "(name, registered_at) VALUES ('$1', 'infinity')",
      ),
    );
  await dormant('0001_a');
  await register('0002_b');
  await migrate();
  await dormant('0003_c');
  await dormant('0002_b');
  const rows = await database.sql`
    select name, status, request, request_reason, requested_by,
      created_at <= now() as past, requested_at <= now() as asked
    from long_running_migrations.migrations order by name`;
  const asleep = {
    status: 'paused',
    request: 'pause',
    request_reason: 'registered dormant',
    requested_by: 'registration',
    past: true,
    asked: true,
  };
  expect(rows).toEqual([
    { name: '0001_a', ...asleep },
    {
      name: '0002_b',
      status: 'created',
      request: null,
      request_reason: null,
      requested_by: null,
      past: true,
      asked: null,
    },
    { name: '0003_c', ...asleep },
  ]);
  await expect(gate('0001_a')).rejects.toThrow('0001_a is paused. Next: npx lrm resume 0001_a');
});

test('an unregistered migration stays away at the next lrm migrate, and can be registered again', async () => {
  await register('0001_a');
  await migrate();
  await unregister(drizzle(database.sql), '0001_a', false, 30_000);
  await migrate();
  expect(await registered()).toEqual([]);
  await register('0001_a');
  expect(await registered()).toEqual(['0001_a']);
});

test('a rolled-back registration is not taken over', async () => {
  await migrate();
  const rolledBack = database.sql.begin(async (tx) => {
    await tx.unsafe(SAFE_FORM('0001_a'));
    throw new Error('the application failed');
  });
  await expect(rolledBack).rejects.toThrow('the application failed');
  expect(await registered()).toEqual([]);
});

test('the gate blocks while registrations wait, and passes where nothing was registered', async () => {
  await gate();
  await register('0001_a');
  const blocked = '0001_a is registered, but not taken over yet. Next: npx lrm migrate';
  await expect(gate()).rejects.toThrow(blocked);
  await expect(gate('0002_b')).rejects.toThrow(blocked);
  await migrate();
  await expect(gate()).rejects.toThrow('0001_a is created');
  await database.sql`drop schema long_running_migrations cascade`;
  await register('0001_a');
  await database.sql`delete from long_running_migrations.registrations`;
  await gate();
});

test('a name that no migration can have is skipped if it came before lrm migrate, and refused after', async () => {
  await register('0001_a');
  await register("It''s wrong");
  await migrate();
  expect(await registered()).toEqual(['0001_a']);
  const lines = describeInbox(await readInbox(database.sql));
  expect(lines).toEqual([
    "'It's wrong' in long_running_migrations.registrations can't be the name of a migration, so " +
      'it is skipped. To remove it: DELETE FROM long_running_migrations.registrations ' +
      "WHERE name = 'It''s wrong'",
  ]);
  await expect(gate()).rejects.toThrow('it is skipped. Next: DELETE FROM');
  await expect(register('0002-b')).rejects.toMatchObject({
    message: "'0002-b' can't be the name of a long-running migration",
    hint: 'Four digits, _, then a-z, 0-9 and _, as in 0001_backfill_email; with a target, as in 0001_backfill_email:tenant_7.',
    code: '23514',
  });
});

test('lrm migrate waits for an application that is just creating the same schema and table', async () => {
  let commit = () => {};
  const application = database.sql.begin(async (tx) => {
    await tx.unsafe(SAFE_FORM('0001_a'));
    await new Promise<void>((resolve) => {
      commit = resolve;
    });
  });
  await waitFor('the open transaction', async () =>
    (await locks('virtualxid', true)) > 0 ? true : undefined,
  );
  const migrated = migrate();
  await waitFor('lrm migrate to wait', async () =>
    (await locks('transactionid', false)) > 0 ? true : undefined,
  );
  commit();
  await application;
  await migrated;
  expect(await registered()).toEqual(['0001_a']);
});

async function locks(type: string, granted: boolean): Promise<number> {
  const [row] = await database.sql<{ count: string }[]>`
    select count(*) from pg_locks join pg_stat_activity using (pid)
    where locktype = ${type} and granted = ${granted} and datname = current_database()
      and pid <> pg_backend_pid()`;
  return Number(row?.count);
}

test('the schema and registrations may belong to the role of the application', async () => {
  const app = await role();
  const ops = await role();
  await database.sql.unsafe(`grant create on database ${name()} to ${app.name}`);
  const application = connect(app.url, { max: 1, applicationName: 'application' });
  await application.unsafe(SAFE_FORM('0001_a'));
  await expect(migrate(ops.url)).rejects.toThrow(
    `may not put our tables into schema long_running_migrations of database ${name()}: as role ` +
      `${app.name}, run GRANT USAGE, CREATE ON SCHEMA long_running_migrations TO "${ops.name}"; ` +
      `GRANT SELECT, DELETE, TRIGGER ON long_running_migrations.registrations TO "${ops.name}"`,
  );
  expect(await database.sql`select from pg_tables where tablename = 'schema_migrations'`).toEqual(
    [],
  );
  await application.unsafe(`
    grant usage, create on schema long_running_migrations to ${ops.name};
    grant select, delete, trigger on long_running_migrations.registrations to ${ops.name}`);
  await migrate(ops.url);
  // It has no right on `migrations`, but its registration gets there.
  await expect(
    application`insert into long_running_migrations.migrations (name) values ('0002_b')`,
  ).rejects.toThrow('permission denied');
  await application.unsafe(SAFE_FORM('0002_b'));
  await application.end();
  expect(await registered()).toEqual(['0001_a', '0002_b']);
  await drop(app.name, ops.name);
});

test('the schema may belong to the role of lrm migrate: the application needs three rights', async () => {
  const app = await role();
  const ops = await role();
  await expect(migrate(ops.url)).rejects.toThrow(
    `role ${ops.name} may not create schema long_running_migrations in database ${name()}: as ` +
      `its owner, run CREATE SCHEMA long_running_migrations AUTHORIZATION "${ops.name}"`,
  );
  await database.sql.unsafe(
    `create schema long_running_migrations authorization ${ops.name};
     grant create on database ${name()} to ${app.name}`,
  );
  await migrate(ops.url);
  const application = connect(app.url, { max: 1, applicationName: 'application' });
  await expect(application.unsafe(SAFE_FORM('0001_a'))).rejects.toThrow('permission denied');
  await database.sql.unsafe(`
    grant usage, create on schema long_running_migrations to ${app.name};
    grant insert on long_running_migrations.registrations to ${app.name}`);
  await application.unsafe(SAFE_FORM('0001_a'));
  await application.end();
  expect(await registered()).toEqual(['0001_a']);
  await drop(app.name, ops.name);
});

async function role(): Promise<{ name: string; url: string }> {
  const name = `role_${randomBytes(4).toString('hex')}`;
  await database.sql.unsafe(`create role ${name} login password 'secret'`);
  const url = new URL(database.databaseUrl);
  url.username = name;
  url.password = 'secret';
  return { name, url: url.href };
}

async function drop(...names: string[]): Promise<void> {
  await database.sql`drop schema long_running_migrations cascade`;
  for (const name of names) {
    await database.sql.unsafe(`drop owned by ${name}; drop role ${name}`);
  }
}

const name = () => new URL(database.databaseUrl).pathname.slice(1);

const inputs = () =>
  database.sql<{ name: string; input: unknown }[]>`
    select name, input from long_running_migrations.migrations order by name`;

const WITH_INPUT = `
  create schema if not exists long_running_migrations;
  create table if not exists long_running_migrations.registrations (
    name varchar(255) primary key, registered_at timestamptz not null default now(), input jsonb);`;
const INSERT = (name: string, input: string) => `
  insert into long_running_migrations.registrations (name, input) values ('${name}', '${input}');`;

test('a target and an input are registered before lrm migrate and after it', async () => {
  await database.sql.unsafe(WITH_INPUT + INSERT('0001_a:tenant_7', '{"days":30}'));
  await migrate();
  await database.sql.unsafe(INSERT('0001_a:tenant_8', '{"days":31}'));
  await register('0002_b:x');
  expect(await inputs()).toEqual([
    { name: '0001_a:tenant_7', input: { days: 30 } },
    { name: '0001_a:tenant_8', input: { days: 31 } },
    { name: '0002_b:x', input: null },
  ]);
  await expect(register('0001_a:../x')).rejects.toMatchObject({ code: '23514' });
});

test('an input that is too large keeps nothing else waiting before lrm migrate, and is refused after', async () => {
  const large = JSON.stringify({ text: 'x'.repeat(1_000_000) });
  await database.sql.unsafe(WITH_INPUT + INSERT('0001_a', large));
  await register('0002_b');
  await migrate();
  expect(await registered()).toEqual(['0002_b']);
  expect(describeInbox(await readInbox(database.sql))).toEqual([
    expect.stringMatching(/^the input of 0001_a in .* is larger than 900 KiB, so it is skipped/),
  ]);
  await expect(database.sql.unsafe(INSERT('0003_c', large))).rejects.toMatchObject({
    code: '23514',
    constraint_name: 'migrations_input_size',
  });
});

test('lrm migrate of another role leaves a table without the column as it is', async () => {
  const owner = `owner_${randomBytes(4).toString('hex')}`;
  const ops = `ops_${randomBytes(4).toString('hex')}`;
  await database.sql.unsafe(`
    create role ${owner}; create role ${ops} login password 'secret';
    create schema long_running_migrations authorization ${ops};
    grant usage, create on schema long_running_migrations to ${owner};
    set role ${owner};
    create table long_running_migrations.registrations (
      name varchar(255) primary key, registered_at timestamptz not null default now());
    insert into long_running_migrations.registrations values ('0001_a:x');
    grant select, delete, trigger on long_running_migrations.registrations to ${ops};
    reset role;`);
  const url = new URL(database.databaseUrl);
  url.username = ops;
  url.password = 'secret';
  await migrate(url.href);
  await register('0002_b:y');
  expect(await registered()).toEqual(['0001_a:x', '0002_b:y']);
  await database.sql.unsafe(`
    drop schema long_running_migrations cascade;
    drop owned by ${owner}, ${ops}; drop role ${owner}, ${ops};`);
});
