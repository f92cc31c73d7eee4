import { and, asc, eq, type SQL, sql } from 'drizzle-orm';
import { AttemptOutdated } from '../../../drizzle/rows/superseded';
import { skippedRows, type WalkRow, walks } from '../../../drizzle/schema';
import type { Transaction } from '../attempt';
import type { DataError } from './dataError';
import type { KeyValues } from './range';

// Each of these stands in a fenced transaction, with the work or the range that it belongs to.

/** A row that an operator wants to be done again (`lrm retry --skipped`). */
export interface RowAgain {
  readonly id: bigint;
  readonly key: KeyValues;
}

/** Reads the rows of a walk that are to be done again, in the order in which they were skipped. */
export function readAgain(tx: Transaction, walk: WalkRow): Promise<RowAgain[]> {
  return tx
    .select({ id: skippedRows.id, key: skippedRows.key })
    .from(skippedRows)
    .where(and(ofWalk(walk), eq(skippedRows.again, true)))
    .orderBy(asc(skippedRows.id));
}

/** How many rows of a walk are recorded. */
export function countSkipped(tx: Transaction, walk: WalkRow): Promise<number> {
  return tx.$count(skippedRows, ofWalk(walk));
}

/**
 * The same, so that the number can't grow before the transaction has ended. Lanes would exceed the
 * limit together, each by one row.
 */
export async function lockAndCount(tx: Transaction, walk: WalkRow): Promise<number> {
  await tx.select({ id: walks.id }).from(walks).where(eq(walks.id, walk.id)).for('no key update');
  return countSkipped(tx, walk);
}

/** Records a row that is left out. */
export async function insertSkipped(
  tx: Transaction,
  walk: WalkRow,
  key: KeyValues,
  { code, reason }: DataError,
): Promise<void> {
  const { migration, id } = walk;
  await tx.insert(skippedRows).values({ migration, walk: id, key: [...key], code, reason });
}

/**
 * Removes the record of a row that has been done, or is not there any more.
 * @throws AttemptOutdated when the record is not what this attempt has read
 */
export async function removeSkipped(tx: Transaction, { id }: RowAgain): Promise<void> {
  const removed = await tx.delete(skippedRows).where(isAgain(id)).returning({ id: skippedRows.id });
  requireOne(removed);
}

/** Keeps the record of a row that has failed again, with its last error. */
export async function keepSkipped(
  tx: Transaction,
  { id }: RowAgain,
  { code, reason }: DataError,
): Promise<void> {
  const kept = await tx
    .update(skippedRows)
    .set({ again: false, code, reason, skippedAt: sql`now()` })
    .where(isAgain(id))
    .returning({ id: skippedRows.id });
  requireOne(kept);
}

const ofWalk = ({ migration, id }: WalkRow): SQL | undefined =>
  and(eq(skippedRows.migration, migration), eq(skippedRows.walk, id));

const isAgain = (id: bigint): SQL | undefined =>
  and(eq(skippedRows.id, id), eq(skippedRows.again, true));

function requireOne(rows: readonly unknown[]): void {
  if (rows.length !== 1) throw new AttemptOutdated('the record of a skipped row has changed');
}
