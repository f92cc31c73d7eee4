import { setTimeout as sleep } from 'node:timers/promises';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { isPending, type MigrationView, readMigrations } from '../../drizzle/rows/status';
import { durationText } from '../../settings/duration';
import type { Connections } from '../connections';
import { type StatusRow, statusRow } from '../status/row';
import type { Trouble } from '../temporal/runTrouble';
import { type PendingAttempt, readRun } from '../temporal/state';
import { sayWhenInterrupted } from './interrupted';
import { openProgress, type Progress } from './progress';

/** Often enough to see a bar move. Milliseconds. */
const LOOK_EVERY = 500;
/** Less often, because it takes two calls to Temporal. Milliseconds. */
const ASK_RUN_EVERY = 5_000;

/**
 * Shows the progress of migrations until each has ended. Ctrl-C ends only the display.
 * @param timeout milliseconds to wait for a worker that takes one of them
 * @returns their last states
 * @throws OperationRefused when the run ended but a migration did not, or at the timeout
 */
export async function follow(
  connections: Connections,
  names: readonly string[],
  timeout: number,
): Promise<StatusRow[]> {
  const progress = openProgress();
  const close = () => progress.close();
  try {
    return await sayWhenInterrupted(
      'not waiting any longer; the work goes on: npx lrm status --watch',
      () => untilEnded(connections, names, progress, timeout),
      close,
    );
  } finally {
    close();
  }
}

async function untilEnded(
  connections: Connections,
  names: readonly string[],
  progress: Progress,
  timeout: number,
): Promise<StatusRow[]> {
  const { db, settings } = connections;
  const client = await connections.temporal();
  let now = await readRun(client);
  let askRunAt = Date.now() + ASK_RUN_EVERY;
  let said: Trouble['kind'] | undefined;
  let takenAt = Date.now();
  for (;;) {
    // The run is read before the rows: if it has ended, the rows then show all that it did.
    const due = Date.now() > askRunAt;
    if (due) {
      now = await readRun(client);
      askRunAt = Date.now() + ASK_RUN_EVERY;
    }
    if (now.trouble && now.trouble.kind !== said) progress.say(now.trouble.line);
    said = now.trouble?.kind;
    const rows = await readRows(db, settings.LRM_HEARTBEAT_TIMEOUT, names);
    progress.show(rows);
    if (!rows.some(isPending)) return rows;
    if (due && !now.run) {
      throw new OperationRefused(`the run has ended without completing ${left(rows)}`);
    }
    if (rows.some((row) => isTaken(row, now.pending))) takenAt = Date.now();
    if (Date.now() - takenAt > timeout) {
      throw new OperationRefused(
        `no worker has taken it for ${durationText(timeout)}: ${left(rows)}`,
      );
    }
    await sleep(LOOK_EVERY);
  }
}

/** A worker runs it, or has run it and Temporal waits before the next attempt. */
function isTaken(
  { live, migration }: StatusRow,
  pending: ReadonlyMap<string, PendingAttempt>,
): boolean {
  return live || (pending.get(migration.name)?.nextAttemptAt?.getTime() ?? 0) > Date.now();
}

/** Reads migrations as an operator sees them, without what only Temporal knows. */
export async function readRows(
  db: Connections['db'],
  heartbeatTimeout: number,
  names: readonly string[],
): Promise<StatusRow[]> {
  const views: MigrationView[] = [];
  for (const name of names) views.push(...(await readMigrations(db, heartbeatTimeout, name)));
  return views.map((view) => statusRow(view, null));
}

function left(rows: readonly StatusRow[]): string {
  return rows
    .filter(isPending)
    .map(({ migration, notes }) => {
      const why = notes.length > 0 ? `: ${notes.join('; ')}` : '';
      return `${migration.name} is ${migration.status}${why}`;
    })
    .join(', and ');
}
