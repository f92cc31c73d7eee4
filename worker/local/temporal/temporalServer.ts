import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import type { TemporalRequest } from '../messages';
import { choosePort } from '../ports';
import { endsWithParent } from '../postgres/unprivileged';

/** The first start on a slow disk takes 10 s. After a minute something is wrong. Milliseconds. */
const START_DEADLINE = 60_000;

/** A running Temporal dev server. It listens on loopback only. */
export interface RunningTemporal {
  readonly temporalAddress: string;
  readonly webUi: string | null;
  stop(): Promise<void>;
}

/**
 * Starts `temporal server start-dev` with its state in `folder`.
 * @param ended called when the server ends without a request
 */
export async function startTemporalServer(
  folder: string,
  request: TemporalRequest,
  note: (text: string) => void,
  ended: () => void,
): Promise<RunningTemporal> {
  const port = await choosePort(request.port, 'Temporal', note);
  const uiPort = request.uiPort && (await choosePort(request.uiPort, 'the Web UI', note));
  const log = path.join(folder, 'temporal.log');
  const server = run(request.cli, flags(folder, request, port, uiPort), log);
  await ready(server, `127.0.0.1:${port}`, log);
  server.once('exit', ended);
  return {
    temporalAddress: `127.0.0.1:${port}`,
    webUi: uiPort ? `http://127.0.0.1:${uiPort}` : null,
    stop: async () => {
      server.off('exit', ended);
      await end(server);
    },
  };
}

function flags(
  folder: string,
  request: TemporalRequest,
  port: number,
  uiPort: number | null,
): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port)],
    ...(uiPort ? ['--ui-port', String(uiPort), '--ui-disable-news-fetch'] : ['--headless']),
    ...['--log-level', 'error'],
    ...(request.persistent ? ['--db-filename', path.join(folder, 'temporal.db')] : []),
    ...request.namespaces.flatMap((namespace) => ['--namespace', namespace]),
  ];
}

function run(cli: string, args: string[], log: string): ChildProcess {
  const file = openSync(log, 'a');
  const [command = cli, ...rest] = endsWithParent([cli, ...args]);
  return spawn(command, rest, { stdio: ['ignore', file, file] });
}

/** Waits until the server answers for a namespace. Its port opens earlier. */
async function ready(server: ChildProcess, address: string, log: string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE;
  while (Date.now() < deadline && server.exitCode === null) {
    if (await answers(address)) return;
    await sleep(50);
  }
  await end(server);
  const last = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1);
  throw new Error(`Temporal's dev server did not start: ${last} (${log})`);
}

/** Whether a server answers for the namespace 'default'. */
export async function answers(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: '1 second' });
    try {
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  await exited;
}
