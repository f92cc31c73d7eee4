import type { PendingRow } from '../drizzle/rows/pendingPages';
import { writeWaitsFor } from '../drizzle/rows/waitsFor';
import type { Deps } from './deps';

/** A migration that is not started, and why. */
export interface NotedReason {
  readonly row: PendingRow;
  readonly reason: string;
}

/**
 * Says why migrations are not started. Only what is new: each listing comes to the same. Thousands of
 * targets may wait for one thing: that is one statement, and one line of the log.
 */
export async function noteReasons(deps: Deps, noted: readonly NotedReason[]): Promise<void> {
  const byReason = new Map<string, string[]>();
  for (const { row, reason } of noted) {
    if (reason === row.waitsFor) continue;
    byReason.set(reason, [...(byReason.get(reason) ?? []), row.name]);
  }
  for (const [reason, names] of byReason) {
    const [migration] = names;
    const more = names.length - 1;
    deps.log.warn({ migration, ...(more > 0 ? { more } : {}) }, `not started: ${reason}`);
    await writeWaitsFor(deps.db, names, reason);
  }
}
