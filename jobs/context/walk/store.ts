import { and, eq, getTableColumns, isNull, type SQL, sql } from 'drizzle-orm';
import { COMMIT_DURABLY } from '../../../drizzle/durable';
import { AttemptOutdated } from '../../../drizzle/rows/superseded';
import { finishedRanges, SCHEMA, type WalkRow, walks } from '../../../drizzle/schema';
import { sqlState } from '../../../drizzle/sqlState';
import { type Attempt, fencedTransaction, type Transaction } from '../attempt';
import { JobUsageError } from '../jobUsageError';
import { arrayLiteral } from '../literal';
import type { Key } from './key';
import { hasSameLabels, labelsChanged, requireSameLabels } from './labels';
import { misplaced, overlapError } from './overlap';
import { inOrder, type KeyValues, type Range, typed } from './range';
import { asFound, newlyFound, type Shape } from './shape';
import { type Entered, isSameTable, mayHideRows } from './tableState';

/** What the first attempt of a walk looks up. */
export interface Beginning {
  readonly upperBound: KeyValues | null;
  readonly rowsTotal: number | null;
}

/** A finished range above the low-water mark, as stored. */
export interface Finished {
  readonly id: bigint;
  readonly after: KeyValues | null;
  readonly upto: KeyValues;
  readonly rows: number;
}

/** The walk of this name, if an attempt has begun it. */
export async function findWalk(
  tx: Transaction,
  migration: string,
  name: string,
): Promise<WalkRow | undefined> {
  const [row] = await tx
    .select()
    .from(walks)
    .where(and(eq(walks.migration, migration), eq(walks.name, name)));
  return row;
}

/**
 * Stores a new walk.
 * @param key of a walk over a table
 * @throws AttemptOutdated when labels of an enum in the key have changed since the key was looked up
 */
export function insertWalk(
  attempt: Attempt,
  name: string,
  shape: Shape,
  { upperBound, rowsTotal }: Beginning,
  key?: Key,
): Promise<WalkRow> {
  return fencedTransaction(attempt, async (tx) => {
    // The upper bound was read after the labels that the shape names.
    if (key) await requireSameLabels(tx, key);
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

/**
 * Stores what the key is by now, once that is known to mean what is stored. Values may have been added
 * to an enum: ranges can end at them from now on, so their labels must not change either. A walk of an
 * older version has not stored which table it is, and one in a restored dump that of another database.
 */
export async function storeFound(tx: Transaction, walk: WalkRow, key: Key): Promise<void> {
  const found = newlyFound(walk.shape, asFound(key));
  if (Object.keys(found).length === 0) return;
  const shape = { ...walk.shape, ...found };
  await tx.update(walks).set({ shape }).where(eq(walks.id, walk.id));
}

/** A walk that is in no table: that of a dry run. */
export const unstored = (
  { migration }: Pick<Attempt, 'migration'>,
  name: string,
  shape: Shape,
  { upperBound, rowsTotal }: Beginning,
): WalkRow => ({
  id: 0n,
  registered: null,
  migration,
  name,
  shape,
  upperBound: upperBound && [...upperBound],
  lowWaterMark: null,
  cursor: null,
  rowsDone: 0,
  rowsTotal,
  createdAt: new Date(),
  completedAt: null,
});

/**
 * Reads the finished ranges above the low-water mark, in the walk's order.
 * @throws JobUsageError when they overlap, or don't lie between the mark and the walk's end.
 */
export async function readFinished(tx: Transaction, walk: WalkRow, key: Key): Promise<Finished[]> {
  const [after, upto] = [sql`${finishedRanges.after}`, sql`${finishedRanges.upto}`];
  const order = sql.join(
    [
      inOrder(key, typed(key, upto)),
      // Two ranges may end at keys that are equal and differ as text: 2.0 and 2.00. The second has
      // no rows, and begins where the first one ends.
      ...typed(key, after).map(
        (each) => sql`${each} ${sql.raw(key.descending ? 'desc' : 'asc')} nulls first`,
      ),
    ],
    sql`, `,
  );
  const previous = sql`lag(${upto}, 1, ${literal(walk.lowWaterMark)}) over (order by ${order})`;
  const found = await tx
    .select({
      ...getTableColumns(finishedRanges),
      misplaced: misplaced(key, walk, { after, upto, previous }),
    })
    .from(finishedRanges)
    .where(eq(finishedRanges.walk, walk.id))
    .orderBy(order);
  if (found.some((range) => range.misplaced)) throw overlapError(walk);
  return found.map(({ id, after, upto, rows }) => ({ id, after, upto, rows }));
}

/**
 * The statement that stores a finished range in the transaction that finishes it, and gives the ID
 * of the stored range. It fails when the transaction is no longer the one that was entered, when the
 * table's name now refers to another table, and when labels of the key or the rights of the role have
 * changed (that takes no lock on the table); see {@link explainRefused}.
 */
export function insertFinished(
  walk: WalkRow,
  key: Key,
  { transactionId }: Entered,
  range: Range,
): SQL {
  const after = range.after && arrayLiteral(range.after);
  return sql`insert into ${finishedRanges} (walk, after, upto, rows)
    select case when pg_current_xact_id()::text <> ${transactionId}::text
        then ${refuse(TRANSACTION_ENDED, 'the transaction has ended')}
      ${key.labels ? ifLabelsChanged(key) : sql``}
      when ${mayHideRows(key)} then ${refuse(ROWS_HIDDEN, 'rows may be hidden')}
      when ${isSameTable(key)} then ${String(walk.id)}::bigint
      else ${refuse(TABLE_REPLACED, 'the table was replaced')} end,
      ${after}::text[], ${arrayLiteral(range.upto)}::text[], ${range.rows}::bigint
    returning id::text as id`;
}

/** The driver's code when it finds that out itself. */
const ENDED_FOR_DRIVER = 'TRANSACTION_ENDED';

const refuse = (code: string, message: string): SQL =>
  sql`${sql.identifier(SCHEMA)}.refuse(${sql.raw(`'${code}', '${message}'`)})`;

const ifLabelsChanged = (key: Key): SQL =>
  sql`when not ${hasSameLabels(key)} then ${refuse(LABELS_CHANGED, 'labels have changed')}`;

/** SQLSTATEs of our own. No class of Postgres begins with LR. */
const TRANSACTION_ENDED = 'LR001';
const TABLE_REPLACED = 'LR002';
const LABELS_CHANGED = 'LR003';
const ROWS_HIDDEN = 'LR004';

/**
 * What an error means that came after the body had returned, with the statement of
 * {@link insertFinished} or with COMMIT. Others are returned as they are.
 */
export function explainRefused(error: unknown, key: Key): unknown {
  const state = sqlState(error);
  if (state === TRANSACTION_ENDED || state === ENDED_FOR_DRIVER)
    return new JobUsageError(ENDED_TRANSACTION);
  if (state === LABELS_CHANGED) return labelsChanged(key);
  if (state === ROWS_HIDDEN) {
    return new AttemptOutdated(
      `row level security of ${key.tableName} may hide rows from the role of the jobs by now`,
    );
  }
  if (state !== TABLE_REPLACED) return error;
  return new AttemptOutdated(`the name of ${key.tableName} now refers to another table`);
}

/** @throws JobUsageError when the transaction is no longer the one that was entered. */
export async function requireSameTransaction(
  tx: Transaction,
  transactionId: string,
): Promise<void> {
  const [now] = await tx.execute<{ id: string }>(sql`select pg_current_xact_id()::text as id`);
  if (now?.id !== transactionId) throw new JobUsageError(ENDED_TRANSACTION);
}

const ENDED_TRANSACTION =
  "the body of a batch has ended the batch's transaction (COMMIT or ROLLBACK): only inBatches may " +
  'end it. What the body committed is not stored as done';

/**
 * Moves the low-water mark past ranges that adjoin it, and deletes them.
 * @param mark the low-water mark that this attempt stored last
 * @throws AttemptOutdated when the database has lost what this attempt stored.
 */
export async function fold(
  attempt: Attempt,
  walk: WalkRow,
  mark: KeyValues | null,
  ranges: readonly Finished[],
): Promise<void> {
  const last = ranges.at(-1);
  if (!last) return;
  await fencedTransaction(attempt, async (tx) => {
    const rows = ranges.reduce((sum, range) => sum + range.rows, 0);
    const moved = await tx
      .update(walks)
      .set({ lowWaterMark: [...last.upto], rowsDone: sql`${walks.rowsDone} + ${rows}` })
      .where(
        and(
          eq(walks.id, walk.id),
          sql`${walks.lowWaterMark} is not distinct from ${literal(mark)}`,
        ),
      )
      .returning({ id: walks.id });
    // The ends are compared too: when the database loses commits, its sequence goes back and can
    // give the same ID to another range. The ranges are passed as arrays, since behind one slow
    // lane there may be more of them than a statement can have parameters.
    const ids = arrayLiteral(ranges.map(({ id }) => String(id)));
    const ends = arrayLiteral(ranges.map(({ upto }) => arrayLiteral(upto)));
    const deleted = await tx
      .delete(finishedRanges)
      .where(
        and(
          eq(finishedRanges.walk, walk.id),
          sql`(${finishedRanges.id}, ${finishedRanges.upto}) in (
            select id, upto::text[] from unnest(${ids}::bigint[], ${ends}::text[]) as r (id, upto))`,
        ),
      )
      .returning({ id: finishedRanges.id });
    if (moved.length !== 1 || deleted.length !== ranges.length) {
      throw new AttemptOutdated(
        `the database has lost finished ranges of walk '${walk.name}' that this attempt had stored`,
      );
    }
  });
}

/**
 * Stores that the walk is complete, so that later attempts skip it. The commit is durable: with it,
 * all that the walk has committed is on disk.
 * @param rowsDone the number of rows that the attempt has counted
 * @throws AttemptOutdated when the stored ranges do not cover the walk from its first key to its
 *   last.
 */
export async function completeWalk(
  attempt: Attempt,
  walk: WalkRow,
  rowsDone: number,
): Promise<void> {
  const completed = await fencedTransaction(attempt, async (tx) => {
    await tx.execute(COMMIT_DURABLY);
    return tx
      .update(walks)
      .set({ completedAt: sql`now()`, rowsTotal: sql`${walks.rowsDone}` })
      .where(
        and(
          eq(walks.id, walk.id),
          isNull(walks.completedAt),
          eq(walks.rowsDone, rowsDone),
          sql`${walks.lowWaterMark} is not distinct from ${walks.upperBound}`,
          sql`not exists (select from ${finishedRanges} where ${finishedRanges.walk} = ${walks.id})`,
        ),
      )
      .returning({ id: walks.id });
  });
  if (completed.length === 1) return;
  throw new AttemptOutdated(
    `the ranges stored for walk '${walk.name}' do not reach to the walk's end`,
  );
}

const literal = (key: KeyValues | null): SQL => sql`${key && arrayLiteral(key)}::text[]`;
