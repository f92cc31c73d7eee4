import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { finishedRanges, type WalkRow, walks } from '../../../drizzle/schema';
import { type Attempt, fencedTransaction, type Transaction } from '../attempt';
import type { Key } from './key';
import { inOrder, type KeyValues, type Range, typed } from './range';
import type { Shape } from './shape';

/** What a walk's first attempt finds out. */
export interface Beginning {
  readonly upperBound: KeyValues | null;
  readonly rowsTotal: number | null;
}

/** A finished range above the low-water mark, as a later attempt finds it. */
export interface Finished {
  readonly id: bigint;
  readonly after: KeyValues | null;
  readonly upto: KeyValues;
  readonly rows: number;
}

/** The walk of that name, if an attempt has begun it. */
export async function findWalk(attempt: Attempt, name: string): Promise<WalkRow | undefined> {
  const [row] = await attempt.db
    .select()
    .from(walks)
    .where(and(eq(walks.migration, attempt.migration), eq(walks.name, name)));
  return row;
}

/** Stores a walk that begins now. */
export function insertWalk(
  attempt: Attempt,
  name: string,
  shape: Shape,
  { upperBound, rowsTotal }: Beginning,
): Promise<WalkRow> {
  return fencedTransaction(attempt, async (tx) => {
    const [row] = await tx
      .insert(walks)
      .values({
        migration: attempt.migration,
        name,
        shape,
        upperBound: upperBound && [...upperBound],
        rowsTotal,
      })
      .returning();
    return row as WalkRow;
  });
}

/** Finished ranges above the low-water mark, in the walk's order. */
export function readFinished(attempt: Attempt, walk: WalkRow, key: Key): Promise<Finished[]> {
  return attempt.db
    .select()
    .from(finishedRanges)
    .where(eq(finishedRanges.walk, walk.id))
    .orderBy(inOrder(key, typed(key, sql`${finishedRanges.upto}`)));
}

/** Notes a finished range in the transaction that finishes it. */
export async function insertFinished(
  tx: Transaction,
  walk: WalkRow,
  range: Range,
): Promise<bigint> {
  const [row] = await tx
    .insert(finishedRanges)
    .values({
      walk: walk.id,
      after: range.after && [...range.after],
      upto: [...range.upto],
      rows: range.rows,
    })
    .returning({ id: finishedRanges.id });
  return (row as { id: bigint }).id;
}

/** Moves the low-water mark over ranges that adjoin it. */
export function fold(attempt: Attempt, walk: WalkRow, ranges: readonly Finished[]): Promise<void> {
  return fencedTransaction(attempt, async (tx) => {
    const last = ranges.at(-1);
    if (!last) return;
    const rows = ranges.reduce((sum, range) => sum + range.rows, 0);
    await tx
      .update(walks)
      .set({ lowWaterMark: [...last.upto], rowsDone: sql`${walks.rowsDone} + ${rows}` })
      .where(eq(walks.id, walk.id));
    await tx.delete(finishedRanges).where(
      inArray(
        finishedRanges.id,
        ranges.map(({ id }) => id),
      ),
    );
  });
}

/** Notes that nothing is left: a later attempt passes over the walk. */
export async function completeWalk(attempt: Attempt, walk: WalkRow): Promise<void> {
  await fencedTransaction(attempt, (tx) =>
    tx
      .update(walks)
      .set({ completedAt: sql`now()`, rowsTotal: sql`${walks.rowsDone}` })
      .where(and(eq(walks.id, walk.id), isNull(walks.completedAt))),
  );
}
