import { setTimeout as sleep } from 'node:timers/promises';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { readMigrations } from '../../drizzle/rows/status';
import {
  type Asked,
  requireNoSessions,
  type StopMove,
  settle,
  stop,
} from '../../drizzle/rows/stop';
import { transitions } from '../../drizzle/rows/transitions';
import type { Migration } from '../../drizzle/schema';
import type { Connections } from '../connections';
import { sayWhenInterrupted } from '../terminal/interrupted';
import { asJson } from '../terminal/output';

/** A running attempt reads its row only every 2 s, so polling faster gains nothing. Milliseconds. */
const ASK_EVERY = 300;

/**
 * Pauses or cancels a migration. Returns when nothing of it is running any more: its attempt has
 * stopped, or its worker has sent no heartbeat for LRM_HEARTBEAT_TIMEOUT. The caller then notifies the
 * run.
 * @param wait false: return as soon as the running attempt has been asked to stop
 * @throws OperationRefused when its status forbids that, or when it ended in another way meanwhile
 */
export async function stopAndWait(
  connections: Connections,
  name: string,
  move: StopMove,
  asked: Asked,
  wait: boolean,
): Promise<'stopped' | 'asked'> {
  const { db, settings } = connections;
  const result = await stop(db, name, move, asked, settings.LRM_HEARTBEAT_TIMEOUT);
  if (result === 'asked') {
    if (!wait) return 'asked';
    if (!asJson) console.error(`${name} has been asked to stop …`);
    await sayWhenInterrupted(
      `${name} still stops: npx lrm status ${name}; to withdraw it: npx lrm resume ${name}`,
      () => untilStopped(connections, name, move, asked),
    );
  }
  return 'stopped';
}

async function untilStopped(
  { db, settings }: Connections,
  name: string,
  move: StopMove,
  asked: Asked,
): Promise<void> {
  const timeout = settings.LRM_HEARTBEAT_TIMEOUT;
  for (;;) {
    const [view] = await readMigrations(db, timeout, name);
    if (!view) throw new OperationRefused(`${name} was removed meanwhile`);
    if (hasMoved(view.migration, move)) return requireNoSessions(db, name, move, timeout);
    if (view.migration.status !== 'in_progress') {
      // It was already stopping for a pause when the cancel came, so it is now paused.
      if ((await stop(db, name, move, asked, timeout)) === 'stopped') return;
    } else if (!view.live && (await settle(db, name, move, timeout))) return;
    await sleep(ASK_EVERY);
  }
}

/** @throws OperationRefused if it can no longer get there */
function hasMoved(row: Migration, move: StopMove): boolean {
  const { to } = transitions[move];
  if (row.status === to) return true;
  if (row.status === 'completed' || row.status === 'failed') {
    throw new OperationRefused(`${row.name} ended before it could be stopped: it is ${row.status}`);
  }
  if (row.request !== move) {
    const by = row.requestedBy ?? 'somebody';
    throw new OperationRefused(
      `${row.name} is ${row.status}: ${by} asked to ${row.request} it meanwhile`,
    );
  }
  return false;
}
