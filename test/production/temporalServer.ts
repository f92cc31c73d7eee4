import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import envPaths from 'env-paths';
import { endsWithParent } from '../../worker/local/postgres/unprivileged';
import { waitFor } from '../support/waitFor';
import { serverConfiguration } from './serverConfiguration';

const execute = promisify(execFile);

const VERSION = '1.32.0';
/** Built once, and kept for all projects of this user. */
const folder = path.join(
  envPaths('long-running-migrations', { suffix: '' }).cache,
  'temporal-server',
  VERSION,
);
const server = path.join(folder, 'server');
const sqlTool = path.join(folder, 'sql');

/** A Temporal server as in production: its data is in Postgres. */
export interface TemporalServer {
  readonly address: string;
  /** Kills it, and starts it again at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a Temporal server that keeps its data in databases of its own on the Postgres server of
 * `databaseUrl`. The first call builds it from its Go module, which takes minutes.
 */
export async function startTemporalServer(databaseUrl: string): Promise<TemporalServer> {
  await build();
  await createDatabases(databaseUrl);
  const { default: getPort, portNumbers } = await import('get-port');
  // Temporal keeps the ports of its members in a column of type smallint.
  const from = 10_000 + Math.floor(Math.random() * 20_000);
  const freePort = () => getPort({ port: portNumbers(from, 32_767) });
  const port = await freePort();
  const config = mkdtempSync(path.join(tmpdir(), 'lrm-temporal-'));
  const file = path.join(config, 'server.yaml');
  writeFileSync(path.join(config, 'dynamic.yaml'), '{}\n');
  writeFileSync(file, await serverConfiguration(databaseUrl, port, config, freePort), {
    mode: 0o600,
  });
  const address = `127.0.0.1:${port}`;
  let end = await startProcess(file, address);
  await createNamespace(address);
  return {
    address,
    restart: async () => {
      await end();
      end = await startProcess(file, address);
    },
    stop: async () => {
      await end();
      rmSync(config, { recursive: true });
    },
  };
}

/** One package at a time: the linker alone takes a gigabyte. */
async function build(): Promise<void> {
  if (existsSync(server) && existsSync(sqlTool)) return;
  console.log(`Building Temporal's server ${VERSION} once, which takes some minutes, in ${folder}`);
  mkdirSync(folder, { recursive: true });
  const commands = ['server', 'tools/sql'].map(
    (each) => `go.temporal.io/server/cmd/${each}@v${VERSION}`,
  );
  for (const command of commands) {
    const env = { ...process.env, GOBIN: folder };
    await execute('go', ['install', '-p', '1', command], { env, maxBuffer: 1e8 });
  }
}

async function createDatabases(databaseUrl: string): Promise<void> {
  const { hostname, port, username, password } = new URL(databaseUrl);
  for (const [database, schema] of [
    ['temporal', 'temporal'],
    ['temporal_visibility', 'visibility'],
  ] as const) {
    const env = {
      ...process.env,
      SQL_PLUGIN: 'postgres12',
      SQL_HOST: hostname,
      SQL_PORT: port,
      SQL_USER: decodeURIComponent(username),
      SQL_PASSWORD: decodeURIComponent(password),
      SQL_DATABASE: database,
    };
    const run = (...args: string[]) => execute(sqlTool, args, { env, maxBuffer: 1e8 });
    await run('create-database', '--defaultdb', 'postgres');
    await run('setup-schema', '--version', '0.0');
    await run('update-schema', '--schema-name', `postgresql/v12/${schema}`);
  }
}

/** @returns what ends the process, without giving it time */
async function startProcess(file: string, address: string): Promise<() => Promise<void>> {
  const [command = '', ...args] = endsWithParent([
    server,
    '--config-file',
    file,
    '--allow-no-auth',
    'start',
  ]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4_000);
    });
  }
  const exited = once(child, 'exit');
  await waitFor(
    'the Temporal server',
    async () => {
      if (child.exitCode !== null) throw new Error(`the Temporal server has ended: ${output}`);
      return answers(address);
    },
    START_WITHIN,
  );
  return async () => {
    child.kill('SIGKILL');
    await exited;
  };
}

/** Milliseconds. */
const START_WITHIN = 120_000;

async function answers(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: '1 second' });
    await connection.workflowService.getSystemInfo({});
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

/** Its frontend knows a new namespace only after some seconds. */
async function createNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  await waitFor(
    'the namespace',
    async () => {
      await connection.workflowService
        .registerNamespace({
          namespace: 'default',
          workflowExecutionRetentionPeriod: msToTs('1 day'),
        })
        .catch(() => {});
      const taskQueue = { name: 'any' };
      return connection.workflowService
        .describeTaskQueue({ namespace: 'default', taskQueue, taskQueueType: 1 })
        .then(
          () => true,
          () => false,
        );
    },
    START_WITHIN,
  );
  await connection.close();
}
