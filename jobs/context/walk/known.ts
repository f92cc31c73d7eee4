import type { WalkRow } from '../../../drizzle/schema';
import { type Attempt, fencedTransaction } from '../attempt';
import { lastKey } from './boundary';
import { estimateRows } from './estimate';
import type { Key, Walked } from './key';
import { asFound, requireShape, type Shape } from './shape';
import { countSkipped, type RowAgain, readAgain } from './skippedRows';
import {
  type Beginning,
  type Finished,
  findWalk,
  insertWalk,
  readFinished,
  storeFound,
  unstored,
} from './store';
import { describeLocked } from './tableState';

/** What the database knows of a walk. */
export type Known =
  | { readonly kind: 'completed'; readonly row: WalkRow }
  | {
      readonly kind: 'open';
      readonly row: WalkRow | undefined;
      readonly key: Key;
      readonly finished: readonly Finished[];
      readonly again: readonly RowAgain[];
      readonly skipped: number;
    };

/**
 * Reads what the database knows about the walk and its table. It is one transaction, so all of it
 * comes from one server.
 */
export function readKnown(
  attempt: Attempt,
  name: string,
  walked: Walked,
  written: Shape,
): Promise<Known> {
  return fencedTransaction(attempt, async (tx) => {
    // A dry run begins at the first row, wherever the migration is.
    const row = attempt.dry ? undefined : await findWalk(tx, attempt.migration, name);
    if (row) requireShape(row, written);
    const again = row ? await readAgain(tx, row) : [];
    if (row?.completedAt && again.length === 0) return { kind: 'completed', row };
    const key = await describeLocked(tx, walked);
    if (row) {
      requireShape(row, asFound(key));
      await storeFound(tx, row, key);
    }
    const finished = row ? await readFinished(tx, row, key) : [];
    const skipped = row ? await countSkipped(tx, row) : 0;
    return { kind: 'open', row, key, finished, again, skipped };
  });
}

/** Stores a new walk. A dry run has it only in memory. */
export function beginWalk(
  attempt: Attempt,
  name: string,
  shape: Shape,
  begun: Beginning,
  key: Key,
): Promise<WalkRow> {
  return attempt.dry
    ? Promise.resolve(unstored(attempt, name, shape, begun))
    : insertWalk(attempt, name, shape, begun, key);
}

/** Looks up what a walk begins with. */
export async function beginning({ db }: Attempt, key: Key): Promise<Beginning> {
  return { upperBound: await lastKey(db, key), rowsTotal: await estimateRows(db, key) };
}
