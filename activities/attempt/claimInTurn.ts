import { setTimeout as sleep } from 'node:timers/promises';
import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Database } from '../../drizzle/database';
import { type Claim, type Claimant, claim } from '../../drizzle/rows/claim';
import { describeSessions } from '../../drizzle/rows/sessions';
import { pending } from '../../drizzle/rows/transitions';
import { migrations } from '../../drizzle/schema';

/** Between two tries of a claim that is late. Milliseconds. */
const TRY_EVERY = 1_000;
/** After the timeout: the database's clock need not run as fast as ours. Milliseconds. */
const LONGER = 2_000;

/** Why a claim is refused as late: what the row and the run then say. */
export const LATE =
  'waits for its current attempt, which Temporal scheduled later, to end or to be silent for the heartbeat timeout';

/**
 * Claims. One that is late waits here until the current attempt has had the time to be taken for
 * dead, and not in retries, each of which would be refused again. What it waits for is said on the row.
 * @param signal aborted when Temporal doesn't want this attempt any more, as a frozen worker's
 */
export async function claimInTurn(
  db: Database,
  claimant: Claimant,
  signal: AbortSignal,
): Promise<Claim> {
  const until = performance.now() + claimant.heartbeatTimeout + LONGER;
  for (;;) {
    const result = await claim(db, claimant);
    if (result.kind === 'waits') await say(db, claimant, waitsFor(result.open));
    if (result.kind !== 'late') return result;
    await say(db, claimant, LATE);
    if (performance.now() > until || signal.aborted) return result;
    await sleep(TRY_EVERY, undefined, { signal }).catch(() => {});
    if (signal.aborted) return result;
  }
}

/** 'waits for session 4711 of role app'. */
export const waitsFor = (open: Parameters<typeof describeSessions>[0]): string =>
  `waits for ${describeSessions(open)}`;

/** The next claim that succeeds clears it. */
async function say(db: Database, { migration }: Claimant, reason: string): Promise<void> {
  await db
    .update(migrations)
    .set({ waitsFor: reason, updatedAt: sql`now()` })
    .where(and(eq(migrations.name, migration), inArray(migrations.status, [...pending])));
}
