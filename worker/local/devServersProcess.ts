import { rmSync } from 'node:fs';
import type { LocalEndpoints } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';
import { type FolderLock, lockFolder } from './folderLock';
import type { DevServersRequest, FromDevServers, ToDevServers } from './messages';
import { type RunningPostgres, startEmbeddedPostgres } from './postgres/embeddedPostgres';
import { type RunningTemporal, startTemporalServer } from './temporal/temporalServer';

// The process that runs the dev servers, with their folder as its working folder. It lives in
// a session of its own, out of reach of the terminal's Ctrl-C, and ends with its parent, however
// that one ends: then its channel to it closes.

// What the dev servers write is their owner's alone (the package writes its password into a file, too).
process.umask(0o077);

let lock: FolderLock | undefined;
let postgres: RunningPostgres | undefined;
let temporal: RunningTemporal | undefined;
let temporary: string | undefined;

// One after the other: a stop that comes while the dev servers start waits until there is something to stop.
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
  if (request.temporary) temporary = request.folder;
  if (request.fresh) drop();
  // Settled, not just all: a part that is still starting when the other fails must be stopped, too.
  const servers = await Promise.allSettled([startPostgres(request), startTemporal(request)]);
  const endpoints: Partial<LocalEndpoints> = {};
  for (const part of servers) {
    if (part.status === 'rejected') throw part.reason;
    Object.assign(endpoints, part.value);
  }
  send({ type: 'ready', endpoints });
}

/** Only under the lock, and by name: the lock itself is in this folder, too. */
function drop(): void {
  const database = ['temporal.db', 'temporal.db-wal', 'temporal.db-shm'];
  for (const name of ['postgres', 'password', ...database]) {
    rmSync(name, { recursive: true, force: true });
  }
}

async function startPostgres(request: DevServersRequest): Promise<Partial<LocalEndpoints>> {
  if (!request.postgres) return {};
  postgres = await startEmbeddedPostgres(request.folder, request.postgres, note, () =>
    send({ type: 'ended', part: 'Postgres' }),
  );
  return { databaseUrl: postgres.databaseUrl };
}

async function startTemporal(request: DevServersRequest): Promise<Partial<LocalEndpoints>> {
  if (!request.temporal) return {};
  temporal = await startTemporalServer(request.folder, request.temporal, note, () =>
    send({ type: 'ended', part: 'Temporal' }),
  );
  return { temporalAddress: temporal.temporalAddress, webUi: temporal.webUi };
}

async function crashPostgres(): Promise<void> {
  await postgres?.crash();
  send({ type: 'recovered' });
}

async function stop(): Promise<never> {
  lock?.stopping();
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
