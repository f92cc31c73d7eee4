import { rmSync } from 'node:fs';
import type { LocalEndpoints } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';
import { removeEndpoints } from './endpointsFile';
import { type FolderLock, lockFolder } from './folderLock';
import type { DevServersRequest, FromDevServers, ToDevServers } from './messages';
import { type RunningPostgres, startEmbeddedPostgres } from './postgres/embeddedPostgres';
import { type RunningTemporal, startTemporalServer } from './temporal/temporalServer';

// The process that runs the dev servers. Their folder is its working folder. It has its own
// session, so the terminal's Ctrl-C does not reach it. It ends when its parent ends, even when the
// parent is killed: then the channel between them closes.

// Only the owner may read what the dev servers write: one of the files holds a password.
process.umask(0o077);

let lock: FolderLock | undefined;
let postgres: RunningPostgres | undefined;
let temporal: RunningTemporal | undefined;
let temporary: string | undefined;

// One step after the other: a stop request waits until the dev servers have started.
let turn: Promise<void> = Promise.resolve();
const next = (step: () => Promise<void>) => {
  turn = turn.then(step).catch(fail);
};

process.on('message', (message: ToDevServers) => {
  if (message.type === 'start') next(() => start(message.request));
  if (message.type === 'crashPostgres') next(crashPostgres);
  if (message.type === 'stop') next(stop);
});
process.on('disconnect', () => next(stop));

async function start(request: DevServersRequest): Promise<void> {
  lock = await lockFolder();
  // From an earlier start: the machine may have crashed.
  removeEndpoints(request.folder);
  if (request.temporary) temporary = request.folder;
  if (request.fresh) drop();
  // allSettled(): a server that is still starting when the other one fails must be stopped, too.
  const servers = await Promise.allSettled([startPostgres(request), startTemporal(request)]);
  const endpoints: Partial<LocalEndpoints> = {};
  for (const server of servers) {
    if (server.status === 'rejected') throw server.reason;
    Object.assign(endpoints, server.value);
  }
  send({ type: 'ready', endpoints });
}

/** Call it only while holding the lock. The lock is in this folder, too, so each item is named. */
function drop(): void {
  const database = ['temporal.db', 'temporal.db-wal', 'temporal.db-shm'];
  for (const name of ['postgres', 'password', ...database]) {
    rmSync(name, { recursive: true, force: true });
  }
}

async function startPostgres(request: DevServersRequest): Promise<Partial<LocalEndpoints>> {
  if (!request.postgres) return {};
  postgres = await startEmbeddedPostgres(request.folder, request.postgres, note, () =>
    send({ type: 'ended', server: 'Postgres' }),
  );
  return { databaseUrl: postgres.databaseUrl };
}

async function startTemporal(request: DevServersRequest): Promise<Partial<LocalEndpoints>> {
  if (!request.temporal) return {};
  temporal = await startTemporalServer(request.folder, request.temporal, note, () =>
    send({ type: 'ended', server: 'Temporal' }),
  );
  return { temporalAddress: temporal.temporalAddress, webUi: temporal.webUi };
}

async function crashPostgres(): Promise<void> {
  await postgres?.crash();
  send({ type: 'recovered' });
}

async function stop(): Promise<never> {
  lock?.stopping();
  // `npm start` can't do this itself when it is killed, and `lrm` would connect to ended servers.
  // Only the holder of the lock may: without it, the file is another start's.
  if (lock) removeEndpoints(process.cwd());
  await Promise.allSettled([temporal?.stop(), postgres?.stop()]);
  lock?.release();
  if (temporary) rmSync(temporary, { recursive: true, force: true });
  process.exit(0);
}

async function fail(error: unknown): Promise<void> {
  const text = error instanceof Error ? error.message : String(error);
  send({ type: 'failed', error: text, wrongUse: error instanceof UsageError });
  await stop();
}

const note = (text: string) => send({ type: 'note', text });

function send(message: FromDevServers): void {
  if (process.connected) process.send?.(message);
}
