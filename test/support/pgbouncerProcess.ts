import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { endsWithParent, unprivileged } from '../../worker/local/postgres/unprivileged';
import { freePort } from './freePort';
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

/** Settings of PgBouncer, by their names there. */
export interface PgBouncerSettings {
  readonly pool_mode: 'session' | 'transaction';
  readonly default_pool_size?: number;
}

/** A running PgBouncer. */
export interface PgBouncer {
  readonly port: number;
  readonly pid: number;
  /** Kills it, and starts it again on the same port. Resolves when it listens. */
  restart(): Promise<void>;
  /** Ends it at once, with its sessions. */
  stop(): Promise<void>;
}

/**
 * Starts the real PgBouncer in front of a server.
 * @param databaseUrl as whose role it connects, whoever its clients are
 */
export async function runPgBouncer(
  databaseUrl: string,
  settings: PgBouncerSettings,
): Promise<PgBouncer> {
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
  const start = async () => {
    // In this order: a change of the user would drop the signal at the parent's end.
    const program = endsWithParent([COMMAND ?? 'pgbouncer', file]);
    const [command = '', ...args] = unprivileged(program);
    const child = spawn(command, args, { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await waitFor('PgBouncer to listen', () => listens(port));
    return { child, ended };
  };
  let running = await start();
  const end = async (signal: NodeJS.Signals) => {
    running.child.kill(signal);
    await running.ended;
  };
  return {
    port,
    get pid() {
      return running.child.pid ?? Number.NaN;
    },
    restart: async () => {
      await end('SIGKILL');
      running = await start();
    },
    stop: async () => {
      await end('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const listens = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.destroy() && resolve(true));
    socket.once('error', () => resolve(undefined));
  });
