import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';
import { endsWithParent, unprivileged } from '../../worker/local/postgres/unprivileged';
import { waitFor } from './waitFor';

/** Debian keeps it where only root's PATH leads. */
const COMMAND = [
  'pgbouncer',
  '/usr/sbin/pgbouncer',
  '/usr/local/bin/pgbouncer',
  '/opt/homebrew/bin/pgbouncer',
].find((command) => spawnSync(command, ['--version']).status === 0);

/** Whether the command is there. CI installs it (.ci/run). */
export const hasPgBouncer = COMMAND !== undefined;

/**
 * Starts the real PgBouncer in front of a database, as one that all may use. It is ended after the file.
 * @returns the database's URL through it
 */
export async function startPgBouncer(
  databaseUrl: string,
  settings: { readonly pool_mode: 'session' | 'transaction'; readonly default_pool_size?: number },
): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-pgbouncer-'));
  const port = await freePort();
  const url = new URL(databaseUrl);
  const file = path.join(folder, 'pgbouncer.ini');
  const options = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    auth_type: 'any',
    unix_socket_dir: '',
    ...settings,
  };
  writeFileSync(
    file,
    [
      '[databases]',
      `* = host=${url.hostname} port=${url.port} user=${url.username} password=${url.password}`,
      '[pgbouncer]',
      ...Object.entries(options).map(([name, value]) => `${name} = ${value}`),
    ].join('\n'),
  );
  const [command = '', ...args] = endsWithParent(unprivileged([COMMAND ?? 'pgbouncer', file]));
  const child = spawn(command, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  started.push(async () => {
    child.kill('SIGQUIT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  await waitFor('PgBouncer to listen', () => listens(port));
  url.port = String(port);
  return url.href;
}

const started: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(started.map((stop) => stop()));
});

/** PgBouncer can't choose one itself. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const listens = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.destroy() && resolve(true));
    socket.once('error', () => resolve(undefined));
  });
