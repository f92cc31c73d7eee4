import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../../drizzle/database';
import { type MigrationView, readMigrations } from '../../../drizzle/rows/status';
import { createDisplay } from './progressDisplay';
import { isPending } from './summary';

/** Often enough for a bar to look alive. Milliseconds. */
const POLL = 500;

/**
 * Shows live progress until `signal` is aborted.
 * @param heartbeatTimeout milliseconds after which an attempt without a heartbeat counts as dead
 * @param onIdle called with all migrations when nothing is pending: at the start, and each time the
 *   last pending one has ended
 */
export async function watchProgress(
  db: Database,
  heartbeatTimeout: number,
  signal: AbortSignal,
  onIdle: (views: readonly MigrationView[]) => void = () => {},
): Promise<void> {
  const display = createDisplay();
  for (let wasPending = true; ; ) {
    // Read before the query, so that the last query shows the final state.
    const last = signal.aborted;
    const views = await read(db, heartbeatTimeout);
    display.show(views ?? []);
    const pending: boolean = views ? views.some(isPending) : wasPending;
    if (views && wasPending && !pending) onIdle(views);
    wasPending = pending;
    if (last) break;
    await sleep(POLL, undefined, { signal }).catch(() => {});
  }
  display.end();
}

/** Undefined while the database doesn't answer. The worker waits, too, and logs it. */
async function read(db: Database, heartbeatTimeout: number): Promise<MigrationView[] | undefined> {
  try {
    return await readMigrations(db, heartbeatTimeout);
  } catch {
    return undefined;
  }
}
