import { pendingPages } from '../drizzle/rows/pendingPages';
import { fileOf, readCatalog } from '../jobs/catalog';
import type { ListInput, Listing, NotStarted, Ready } from './contract';
import type { Deps } from './deps';
import { limitsFor } from './limitsFor';
import { type NotedReason, noteReasons } from './noteReason';
import { readOverview } from './overview';
import { newKnown, whyNotStarted } from './whyNotStarted';

/** Names in one listing: payloads stay small, however many migrations are registered. */
const NAMES_AT_MOST = 100;

/**
 * Finds the migrations that can be started now, in order of registration, as many as there are free
 * slots. A migration whose dependencies are not completed, or whose code this worker lacks, is not
 * started. Its row says why, and no attempt is counted.
 */
export async function listPendingMigrations(deps: Deps, input: ListInput): Promise<Listing> {
  const slots = freeSlots(deps, input);
  const { ready, left } = await findReady(deps, input, slots);
  const first = [...input.running, ...ready.map(({ name }) => name)];
  return {
    ready,
    left,
    overview: await readOverview(deps.db, first),
    settings: { retryInitialInterval: deps.settings.LRM_RETRY_INITIAL_INTERVAL },
  };
}

function freeSlots({ settings }: Deps, { only, running, extra }: ListInput): number {
  if (only) return only.length;
  return Math.max(0, settings.LRM_MAX_CONCURRENT - (running.length - extra));
}

async function findReady(
  deps: Deps,
  { running, skip, only }: ListInput,
  slots: number,
): Promise<Pick<Listing, 'ready' | 'left'>> {
  const { files } = await readCatalog(deps.settings.LRM_JOBS_DIR);
  const known = newKnown();
  const ready: Ready[] = [];
  const first: NotStarted[] = [];
  let count = 0;
  const full = () => ready.length >= Math.min(slots, NAMES_AT_MOST);
  const except = only ? running : [...running, ...skip];
  for await (const page of pendingPages(deps.db, { except, only })) {
    const notStarted: NotedReason[] = [];
    for (const row of page) {
      const file = fileOf(files, row.name);
      // It costs nothing to see that a file is missing. To read dependencies may take a process.
      if (slots > 0 && full() && file) continue;
      const reason = await whyNotStarted(deps, file, row.name, known);
      if (reason !== null) {
        notStarted.push({ row, reason });
        count++;
        if (first.length < NAMES_AT_MOST) first.push({ name: row.name, reason });
      } else if (file && !full()) ready.push(await withLimits(deps, file, row.name));
    }
    await noteReasons(deps, notStarted);
    // Without a free slot, too, the first page is judged: the result says what is not started.
    if (full()) break;
  }
  return { ready, left: { count, first } };
}

async function withLimits(deps: Deps, file: string, name: string): Promise<Ready> {
  const { startToClose, heartbeatTimeout } = await limitsFor(deps, file);
  return { name, startToCloseTimeout: startToClose, heartbeatTimeout };
}
