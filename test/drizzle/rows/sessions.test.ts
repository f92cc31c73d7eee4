import { afterEach, expect, test } from '@jest/globals';
import { connect, type Sql } from '../../../drizzle/connect';
import type { Database } from '../../../drizzle/database';
import { database as drizzle } from '../../../drizzle/database';
import { claim } from '../../../drizzle/rows/claim';
import { applicationName, describeSessions, endSessions } from '../../../drizzle/rows/sessions';
import { readMigrations } from '../../../drizzle/rows/status';
import { settle, stop } from '../../../drizzle/rows/stop';
import { openOwnDatabase } from '../../../drizzle/workerDatabase';
import { closeDatabase, openDatabase, useDatabase } from '../../support/database';
import { useRoles } from '../../support/roles';
import { waitFor } from '../../support/waitFor';
import { insertMigration, insertRunning, row } from './rows';

const database = useDatabase();
const roles = useRoles(database);
const NAME = '0001_a';
const TIMEOUT = 30_000;
const ASKED = { by: 'alice@test', reason: null };
const opened: Sql[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((sql) => sql.end({ timeout: 1 })));
  await database.sql`truncate long_running_migrations.migrations cascade`;
});

function open(url: string, name = 'test'): Sql {
  const sql = connect(url, { max: 1, applicationName: name });
  opened.push(sql);
  return sql;
}

/** Opens a session of the attempt with this login. Returns its process ID. */
async function sessionOf(url: string, attemptId: bigint): Promise<number> {
  const [session] = await open(url, applicationName(attemptId))`select pg_backend_pid() as pid`;
  return Number(session?.['pid']);
}

const claimOn = (own: Database) =>
  claim(own, {
    migration: NAME,
    worker: '2@test',
    runId: 'run',
    scheduledAt: new Date(),
    heartbeatTimeout: TIMEOUT,
  });

const isThere = async (pid: number) =>
  (await database.sql`select 1 from pg_stat_activity where pid = ${pid}`).length > 0;

test('a session’s name holds our schema and the whole number of its attempt', () => {
  const name = applicationName(2n ** 63n - 1n);
  expect(name).toMatch(/long_running_migrations.*:9223372036854775807$/);
  // Postgres cuts longer names.
  expect(Buffer.byteLength(name)).toBeLessThan(64);
});

test('sessions of an attempt are ended whatever role they logged in with', async () => {
  const worker = await roles.create();
  const pid = await sessionOf(worker.url, 7n);
  const other = await sessionOf(worker.url, 77n);

  expect(await endSessions(drizzle(database.sql), [7n])).toEqual([]);

  expect(await isThere(pid)).toBe(false);
  expect(await isThere(other)).toBe(true);
});

test('sessions of an attempt with the same number in another database are not ended', async () => {
  const another = await openDatabase({ empty: true });
  const pid = await sessionOf(another.databaseUrl, 7n);

  expect(await endSessions(drizzle(database.sql), [7n])).toEqual([]);

  expect(await isThere(pid)).toBe(true);
  await opened.pop()?.end({ timeout: 1 });
  await closeDatabase(another);
});

test('a session that can’t be ended is named, with its role and the missing grant', async () => {
  const [worker, operator] = [await roles.create(), await roles.create()];
  const pid = await sessionOf(worker.url, 7n);
  const db = drizzle(open(operator.url));

  const left = await endSessions(db, [7n]);

  expect(describeSessions(left)).toBe(
    `session ${pid} of role ${worker.name}, which role ${operator.name} may not end: ` +
      `grant pg_signal_backend to ${operator.name}`,
  );
  await database.sql.unsafe(`grant pg_signal_backend to ${operator.name}`);
  expect(await endSessions(db, [7n])).toEqual([]);
  expect(await isThere(pid)).toBe(false);
});

test('for a superuser’s session, another superuser is named as the way out', async () => {
  const worker = await roles.create();
  const pid = await sessionOf(database.databaseUrl, 7n);

  const left = await endSessions(drizzle(open(worker.url)), [7n]);

  expect(describeSessions(left)).toMatch(
    `may not end: ask a superuser to run: select pg_terminate_backend(${pid})`,
  );
});

test('a stop says that it is not done while a session of a dead worker may still commit', async () => {
  const [worker, operator] = [await roles.create(), await roles.create()];
  const id = await insertRunning(database.sql, NAME, 31);
  const pid = await sessionOf(worker.url, id);
  const db = drizzle(open(operator.url));

  await expect(stop(db, NAME, 'pause', ASKED, TIMEOUT)).rejects.toThrow(
    `${NAME} may still run: it waits for session ${pid} of role ${worker.name}, which role ` +
      `${operator.name} may not end: grant pg_signal_backend to ${operator.name}; ` +
      `then type again: npx lrm pause ${NAME}`,
  );
  expect(await row(database.sql, NAME)).toMatchObject({ status: 'in_progress', request: 'pause' });

  await database.sql.unsafe(`grant ${worker.name} to ${operator.name}`);
  expect(await settle(db, NAME, 'pause', TIMEOUT)).toBe(true);
  expect(await isThere(pid)).toBe(false);
});

test('a claim takes over, and names the session that must end first', async () => {
  const [before, after] = [await roles.create(), await roles.create()];
  const id = await insertRunning(database.sql, NAME, 31);
  const pid = await sessionOf(before.url, id);
  const own = openOwnDatabase(after.url);
  opened.push(own.$client);
  const claimed = await claimOn(own);

  expect(claimed).toMatchObject({
    kind: 'claimed',
    older: [id],
    open: [{ pid, role: before.name, deniedTo: after.name }],
  });
});

test('a claim that waits for a lock names the session that holds it', async () => {
  const [before, after] = [await roles.create(), await roles.create()];
  const id = await insertRunning(database.sql, NAME, 31);
  const holder = open(before.url, applicationName(id));
  const batch = holder
    .begin(async (tx) => {
      await tx`select pg_advisory_xact_lock_shared(hashtextextended(${`long_running_migrations:${NAME}`}, 0))`;
      await tx`select pg_sleep(600)`;
    })
    .catch(() => {});
  await waitFor('the batch to hold the lock', async () => {
    const locks = await database.sql`
      select 1 from pg_locks join pg_stat_activity using (pid)
      where locktype = 'advisory' and granted and application_name = ${applicationName(id)}
        and datname = current_database()`;
    return locks.length > 0;
  });
  const own = openOwnDatabase(after.url);
  opened.push(own.$client);
  expect(await claimOn(own)).toMatchObject({
    kind: 'waits',
    open: [{ role: before.name, deniedTo: after.name }],
  });

  await database.sql.unsafe(`grant pg_signal_backend to ${after.name}`);
  expect(await claimOn(own)).toMatchObject({ kind: 'claimed', open: [] });
  await batch;
});

test('a claim completes an operator’s stop only when the sessions are gone', async () => {
  const [before, after] = [await roles.create(), await roles.create()];
  const id = await insertRunning(database.sql, NAME, 31);
  await database.sql`update long_running_migrations.migrations set request = 'pause'`;
  const pid = await sessionOf(before.url, id);
  const own = openOwnDatabase(after.url);
  opened.push(own.$client);
  expect(await claimOn(own)).toMatchObject({ kind: 'waits', open: [{ pid }] });
  expect(await row(database.sql, NAME)).toMatchObject({ status: 'in_progress' });

  await database.sql`select pg_terminate_backend(${pid}, 5000)`;
  expect(await claimOn(own)).toMatchObject({ kind: 'ended', status: 'paused' });
});

test('only the job reads the checkpoint, which may be large', async () => {
  const role = await roles.create();
  await database.sql.unsafe(`
    revoke select on long_running_migrations.migrations from ${role.name};
    do $$ begin execute (
      select format('grant select (%s) on long_running_migrations.migrations to ${role.name}',
        string_agg(quote_ident(attname), ', '))
      from pg_attribute where attrelid = 'long_running_migrations.migrations'::regclass
        and (attnum > 0 or attname = 'tableoid') and not attisdropped
        and attname <> 'checkpoint'); end $$`);
  await insertMigration(database.sql, NAME);
  const own = openOwnDatabase(role.url);
  opened.push(own.$client);
  const db = drizzle(open(role.url));

  expect(await claimOn(own)).toMatchObject({ kind: 'claimed' });
  expect(await readMigrations(db, TIMEOUT)).toHaveLength(1);
  expect(await stop(db, NAME, 'pause', ASKED, TIMEOUT)).toBe('asked');
});
