import { type ChildProcess, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { chownSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from '../../settings/projectFolder';
import type { LocalEndpoints } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';
import type { DevServersRequest, FromDevServers, ToDevServers } from './messages';
import { NOBODY, unprivileged } from './postgres/unprivileged';

/** The dev servers, running in a process of their own. */
export interface DevServers {
  /** Of those servers only that were asked for. */
  readonly endpoints: Partial<LocalEndpoints>;
  readonly pid: number;
  /** Crashes Postgres (as `pg_ctl stop -m immediate` does) and resolves when it is up again. */
  crashPostgres(): Promise<void>;
  /** Stops the dev servers cleanly; resolves when they are gone. */
  stop(): Promise<void>;
}

export interface DevServersListener {
  /** Something the operator should know: a port was taken. */
  note?(text: string): void;
  /** A part has ended by itself ('Postgres', 'Temporal'), or their process has. */
  ended?(part: string): void;
  /** Aborted: what has been started is stopped, and startDevServers() rejects. */
  readonly signal?: AbortSignal;
}

/**
 * Starts the dev servers. They end with this process, however it ends.
 * @throws UsageError when servers are running in that folder already.
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
    if (message.type === 'ended') listener.ended?.(message.part);
  });
  child.once('exit', () => listener.ended?.('the process of the dev servers'));
  return { endpoints, pid: child.pid ?? Number.NaN, crashPostgres: () => crash(child), stop };
}

function spawnProcess(folder: string): ChildProcess {
  // Compiled also when this file itself runs from its source, under jest.
  const script = path.join(projectFolder, 'dist/worker/local/devServersProcess.js');
  const [command = '', ...args] = unprivileged([process.execPath, script]);
  const log = openSync(path.join(folder, 'servers.log'), 'a', 0o600);
  // So that the dev servers own their folder where they run as nobody; Postgres insists.
  if (command === 'setpriv') chownSync(folder, NOBODY, NOBODY);
  return spawn(command, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    // The package writes a password into a file in the temporary folder.
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

/** To one that has just ended there is nothing to tell: its 'exit' says so. */
function send(child: ChildProcess, message: ToDevServers): void {
  if (child.connected) child.send(message);
}
