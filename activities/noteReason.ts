import type { PendingRow } from '../drizzle/rows/pendingPages';
import { writeWaitsFor } from '../drizzle/rows/waitsFor';
import type { Deps } from './deps';

/** Says why a migration is not started. Only what is new: each listing comes to the same. */
export async function noteReason(deps: Deps, row: PendingRow, reason: string): Promise<void> {
  if (reason === row.waitsFor) return;
  deps.log.warn({ migration: row.name }, `not started: ${reason}`);
  await writeWaitsFor(deps.db, row.name, reason);
}
