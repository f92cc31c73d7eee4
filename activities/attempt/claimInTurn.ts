import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../drizzle/database';
import { type Claim, type Claimant, claim } from '../../drizzle/rows/claim';
import { describeSessions, type Open } from '../../drizzle/rows/sessions';
import { writeWaitsFor } from '../../drizzle/rows/waitsFor';

/** Between two tries of a claim that is late. Milliseconds. */
const TRY_EVERY = 1_000;
/** Added to the timeout: the database's clock may be slower than this worker's. Milliseconds. */
const LONGER = 2_000;

/** Why a claim is refused as late. The row and the run show it. */
export const LATE = 'waits for its current attempt to end or to miss its heartbeats';

/**
 * Claims a migration. A late claim waits here, until the current attempt has missed its heartbeats
 * for the whole timeout. Each retry by Temporal would only be refused again. The row says what the
 * claim waits for.
 * @param signal Aborted when Temporal gives up this attempt, for example that of a frozen worker.
 */
export async function claimInTurn(
  db: Database,
  claimant: Claimant,
  signal: AbortSignal,
): Promise<Claim> {
  const until = performance.now() + claimant.heartbeatTimeout + LONGER;
  for (;;) {
    const result = await claim(db, claimant);
    if (result.kind === 'waits') {
      await writeWaitsFor(db, [claimant.migration], waitsForSessions(result.open));
    }
    if (result.kind !== 'late') return result;
    await writeWaitsFor(db, [claimant.migration], LATE);
    if (performance.now() > until || signal.aborted) return result;
    await sleep(TRY_EVERY, undefined, { signal }).catch(() => {});
    if (signal.aborted) return result;
  }
}

/** 'waits for session 4711 of role app'. */
export const waitsForSessions = (open: readonly Open[]): string =>
  `waits for ${describeSessions(open)}`;
