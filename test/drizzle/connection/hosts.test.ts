import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { connect, type Sql } from '../../../drizzle/connect';
import { explainPostgres } from '../../../drizzle/explainPostgres';
import { useDatabase } from '../../support/database';
import { startPostgres } from '../../support/postgres';
import { waitFor } from '../../support/waitFor';

const database = useDatabase({ empty: true });
const folder = mkdtempSync(path.join(tmpdir(), 'lrm-pgpass-'));
const passwords = path.join(folder, 'passwords');
/** A server that may be written, and one that may not. Each has a password of its own. */
let writable: URL;
let readOnly: URL;
let admin: Sql;
let opened: Sql | undefined;

beforeAll(async () => {
  writable = new URL(database.databaseUrl);
  readOnly = new URL((await startPostgres({ default_transaction_read_only: 'off' })).url);
  admin = connect(readOnly.href, { max: 1, applicationName: 'test' });
  await admin`alter database postgres set default_transaction_read_only = on`;
  const line = (url: URL) => `*:${url.port}:*:postgres:${url.password}`;
  writeFileSync(passwords, `# ours\n\n${line(writable)}\n${line(readOnly)}\n`, { mode: 0o600 });
});

afterEach(() => opened?.end({ timeout: 1 }));

afterAll(async () => {
  await admin.end();
  rmSync(folder, { recursive: true });
});

const both = (parameters: string, ...hosts: string[]) =>
  `postgres://postgres@${hosts.join(',')}/postgres?sslmode=disable&passfile=${passwords}&${parameters}`;

/** The port of the server that a new session went to, or the line that an operator sees. */
async function portOf(url: string): Promise<string> {
  opened = connect(url, { max: 2, applicationName: 'test' });
  try {
    const [row] = await opened`select current_setting('port') as port`;
    return row?.['port'];
  } catch (error) {
    return explainPostgres(error) ?? String(error);
  } finally {
    await opened.end({ timeout: 1 });
  }
}

test('the first host that answers is used, with its own password', async () => {
  expect(await portOf(both('', '127.0.0.1:1', readOnly.host, writable.host))).toBe(readOnly.port);
  expect(await portOf(both('', writable.host, readOnly.host))).toBe(writable.port);
});

test('target_session_attrs chooses the host', async () => {
  const hosts = [readOnly.host, writable.host];
  expect(await portOf(both('target_session_attrs=read-write', ...hosts))).toBe(writable.port);
  expect(await portOf(both('target_session_attrs=read-only', ...hosts.reverse()))).toBe(
    readOnly.port,
  );
  expect(await portOf(both('target_session_attrs=prefer-standby', ...hosts))).toBe(writable.port);
});

test('without a host that fits, the line says what each is', async () => {
  const hosts = ['127.0.0.1:1', writable.host];
  expect(await portOf(both('target_session_attrs=standby', ...hosts))).toBe(
    `no host of DATABASE_URL can be used: 127.0.0.1:1: nothing answers; ${writable.host}: Postgres at ${writable.host} is a primary, and target_session_attrs is standby (DATABASE_URL)`,
  );
});

test('also a single host has to be what is asked for, in the environment, too', async () => {
  process.env['PGTARGETSESSIONATTRS'] = 'read-write';
  try {
    expect(await portOf(both('', readOnly.host))).toBe(
      `Postgres at ${readOnly.host} is read-only, and target_session_attrs is read-write (DATABASE_URL)`,
    );
    expect(await portOf(both('', writable.host))).toBe(writable.port);
  } finally {
    delete process.env['PGTARGETSESSIONATTRS'];
  }
});

test('a wrong password ends the search', async () => {
  const url = both('password=wrong', writable.host, readOnly.host);
  expect(await portOf(url)).toMatch('wrong password or user name (SQLSTATE 28P01)');
});

test('a password file that others may read is not used, and the line says why', async () => {
  chmodSync(passwords, 0o640);
  const line = `Postgres at ${writable.host} asks for the password of user postgres: the password file ${passwords} is not used, since others may read it: chmod 600 ${passwords} (DATABASE_URL)`;
  expect(await portOf(both('', writable.host))).toBe(line);
  chmodSync(passwords, 0o600);
  expect(await portOf(both('user=nobody', writable.host))).toMatch(
    `asks for the password of user nobody: the password file ${passwords} has no line for it`,
  );
});

test('a pool goes on after any number of connections that failed', async () => {
  // As a proxy that has no server behind it.
  const proxy = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const dead = new URL(database.databaseUrl);
  dead.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  opened = connect(dead.href, { max: 1, applicationName: 'test' });
  const line = `Postgres at ${dead.host} ended the connection at once (DATABASE_URL)`;
  for (let round = 0; round < 3; round++) {
    await expect(opened`select 1`).rejects.toThrow(line);
  }
  proxy.close();
  await expect(opened`select 1`).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a statement can be cancelled', async () => {
  opened = connect(database.databaseUrl, { max: 2, applicationName: 'test' });
  const sleeping = opened`select pg_sleep(60)`.execute();
  await waitFor('the statement', async () => {
    const found = await database.sql`
      select 1 from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'`;
    return found.length || undefined;
  });
  sleeping.cancel();
  await expect(sleeping).rejects.toMatchObject({ code: '57014' });
});

test('nothing is left open when a pool ends while it connects', async () => {
  // It accepts connections, and never says anything.
  let socketIsOpen = false;
  const silent = createServer((socket) => {
    socketIsOpen = true;
    // Unless it reads, it never sees the end.
    socket.resume().once('close', () => {
      socketIsOpen = false;
    });
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const pool = connect(`postgres://u@127.0.0.1:${port}`, { max: 1, applicationName: 'test' });
  const query = pool`select 1`.catch((error) => error);
  await waitFor('the connection', () => socketIsOpen || undefined);
  await pool.end({ timeout: 0 });
  expect(await query).toMatchObject({ code: 'CONNECTION_DESTROYED' });
  await waitFor('its end', () => !socketIsOpen || undefined);
  silent.close();
});

test('connect_timeout ends the wait for a server that says nothing', async () => {
  const silent = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const url = `postgres://u:p@127.0.0.1:${port}/d?connect_timeout=1`;
  expect(await portOf(url)).toBe(`Postgres at 127.0.0.1:${port} doesn't answer (DATABASE_URL)`);
  silent.close();
});
