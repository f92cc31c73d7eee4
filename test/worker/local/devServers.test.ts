import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../../../drizzle/connect';
import { projectFolder } from '../../../settings/projectFolder';
import { type DevServers, startDevServers } from '../../../worker/local/devServers';
import type { DevServersRequest } from '../../../worker/local/messages';
import { isAlive, readPostmaster } from '../../../worker/local/postgres/postmaster';
import { waitFor } from '../../support/waitFor';

let root: string;
const running: DevServers[] = [];

// All tests share one folder: initdb takes longer than everything else here.
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'lrm-dev-servers-test-'));
});
afterEach(() => Promise.all(running.splice(0).map((servers) => servers.stop())));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const folder = () => path.join(root, 'servers');
const brief = () => path.join(root, 'brief');
const data = () => path.join(folder(), 'postgres');

const request = (changed: Partial<DevServersRequest> = {}): DevServersRequest => ({
  folder: folder(),
  temporary: false,
  fresh: false,
  postgres: { settings: { fsync: 'off' } },
  temporal: null,
  ...changed,
});

async function start(
  changed: Partial<DevServersRequest> = {},
  notes: string[] = [],
): Promise<DevServers> {
  const servers = await startDevServers(request(changed), { note: (note) => notes.push(note) });
  running.push(servers);
  return servers;
}

async function query(servers: DevServers, statement: string): Promise<readonly object[]> {
  const sql = connect(servers.endpoints.databaseUrl ?? '', { max: 1, applicationName: 'test' });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

test('startDevServers keeps the data from one start to the next', async () => {
  const first = await start();
  await query(first, 'drop table if exists kept; create table kept as select 1 as value');
  await first.stop();

  const second = await start();

  expect(await query(second, 'select value from kept')).toEqual([{ value: 1 }]);
});

test('startDevServers with fresh drops what was there', async () => {
  const first = await start();
  await query(first, 'drop table if exists kept; create table kept as select 1 as value');
  await first.stop();

  const second = await start({ fresh: true });

  await expect(query(second, 'select value from kept')).rejects.toMatchObject({ code: '42P01' });
});

test('startDevServers works in a project that only its owner may enter', async () => {
  mkdirSync(folder(), { recursive: true });
  expect(statSync(root).mode & 0o777).toBe(0o700);

  const servers = await start();

  expect(await query(servers, 'select 1 as value')).toEqual([{ value: 1 }]);
  // Postgres refuses to run as root.
  expect(statSync(data()).uid).not.toBe(0);
});

test('startDevServers lets only the owner read the password', async () => {
  await start();
  const readable = readdirSync(folder()).filter((name) => {
    const found = statSync(path.join(folder(), name));
    return found.isFile() && (found.mode & 0o077) !== 0;
  });
  expect(readable).toEqual([]);
});

test('startDevServers refuses a second start in the same folder, and the first goes on', async () => {
  const first = await start();

  await expect(start()).rejects.toMatchObject({ name: 'UsageError', message: /already/ });

  expect(await query(first, 'select 1 as value')).toEqual([{ value: 1 }]);
});

test('startDevServers avoids a taken port and says so', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  const port = await waitFor('a port', () => {
    const address = other.address();
    return typeof address === 'object' && address?.port;
  });
  const notes: string[] = [];

  const servers = await start({ postgres: { port, settings: {} } }, notes);

  expect(notes).toEqual([expect.stringMatching(`Port ${port} is taken; Postgres listens on `)]);
  expect(await query(servers, 'select 1 as value')).toEqual([{ value: 1 }]);
  other.close();
});

test('startDevServers recovers a server that was killed', async () => {
  const first = await start();
  await query(first, 'drop table if exists kept; create table kept as select 1 as value');
  const pid = readPostmaster(data())?.pid ?? 0;
  process.kill(pid, 'SIGKILL');
  await waitFor('the server to be gone', () => !isAlive(pid));
  await first.stop();

  const second = await start();

  expect(await query(second, 'select value from kept')).toEqual([{ value: 1 }]);
});

test('startDevServers replaces a server that still runs after its parent was killed', async () => {
  const first = await start();
  const pid = readPostmaster(data())?.pid ?? 0;
  process.kill(first.pid, 'SIGKILL');
  await waitFor('the process to be gone', () => !isAlive(first.pid));
  expect(isAlive(pid)).toBe(true);

  const second = await start();

  expect(isAlive(pid)).toBe(false);
  expect(await query(second, 'select 1 as value')).toEqual([{ value: 1 }]);
});

test('after crashPostgres, Postgres has all committed rows and the same address', async () => {
  const servers = await start();
  await query(servers, 'drop table if exists kept; create table kept as select 1 as value');

  await servers.crashPostgres();

  expect(await query(servers, 'select value from kept')).toEqual([{ value: 1 }]);
});

test('startDevServers calls ended() when a server has ended by itself', async () => {
  const ended: string[] = [];
  const servers = await startDevServers(request(), { ended: (server) => ended.push(server) });
  running.push(servers);

  process.kill(readPostmaster(data())?.pid ?? 0, 'SIGKILL');

  await waitFor('ended() to be called', () => ended.includes('Postgres'));
});

test('the dev servers end when the process that started them is killed', async () => {
  const script = `
    const { startDevServers } = require('./worker/local/devServers');
    startDevServers(${JSON.stringify(request({ folder: brief(), temporary: true }))}).then(({ pid }) => console.log(pid));`;
  const parent = spawn(process.execPath, ['-r', 'tsx/cjs', '-e', script], { cwd: projectFolder });
  parent.stdout.once('data', () => parent.kill('SIGKILL'));

  const pid = Number.parseInt(await text(parent.stdout), 10);

  await waitFor('the dev servers to end', () => !isAlive(pid));
  expect(existsSync(brief())).toBe(false);
});
