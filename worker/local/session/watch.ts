import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../../drizzle/database';
import { notes } from '../../../drizzle/rows/notes';
import { progressLine } from '../../../drizzle/rows/progressText';
import { isPending, type MigrationView, readMigrations } from '../../../drizzle/rows/status';
import { type LiveLines, openLiveLines } from '../../../settings/liveLines';

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
  let lines: LiveLines | undefined;
  // Those that had ended before are not news.
  const watched = new Set<string>();
  for (let wasPending = true; ; ) {
    // Read before the query, so that the last query shows the final state.
    const last = signal.aborted;
    const views = await read(db, heartbeatTimeout);
    if (views) {
      for (const view of views.filter(isPending)) watched.add(view.migration.name);
      const shown = views.filter(({ migration }) => watched.has(migration.name));
      if (shown.length > 0) {
        lines ??= openLiveLines();
        lines.show(shown.map((view) => progressLine(view, notes(view))));
      }
      const pending = views.some(isPending);
      if (!pending) {
        lines?.close();
        lines = undefined;
        watched.clear();
        if (wasPending) onIdle(views);
      }
      wasPending = pending;
    }
    if (last) break;
    await sleep(POLL, undefined, { signal }).catch(() => {});
  }
  lines?.close();
}

/** Undefined while the database doesn't answer. The worker waits, too, and logs it. */
async function read(db: Database, heartbeatTimeout: number): Promise<MigrationView[] | undefined> {
  try {
    return await readMigrations(db, heartbeatTimeout);
  } catch {
    return undefined;
  }
}
