import { and, desc, eq, lte, type SQL, sql } from 'drizzle-orm';
import { attempts, type WalkRow } from '../../../drizzle/schema';
import type { Attempt } from '../attempt';
import { FIRST_ROWS } from './batchSize';
import type { Key } from './key';

/**
 * Rows of the first batch after an attempt that finished none. It may have died of its first batch:
 * too much memory, or a time limit.
 */
const CAREFUL = 10;
/** What the rows of the first batch have in all, at most. Rows of a megabyte come one by one. */
const FIRST_BYTES = 1_000_000;

/** Returns the number of rows for the first batch that this attempt makes of a walk. */
export async function firstRows(attempt: Attempt, walk: WalkRow, key: Key): Promise<number> {
  const fit = Math.floor(FIRST_BYTES / (await rowWidth(attempt, walk, key)));
  const most = (await lastFinishedNone(attempt, walk)) ? CAREFUL : FIRST_ROWS;
  return Math.max(1, Math.min(most, fit));
}

/**
 * Bytes of a row on disk, on average, with what is stored out of line. Known at once at any size,
 * and also where nothing was ever analysed.
 */
async function rowWidth(
  { db }: Pick<Attempt, 'db'>,
  { rowsTotal }: WalkRow,
  { tableId }: Key,
): Promise<number> {
  const [found] = await db.execute<{ bytes: number | null; rows: number | null }>(sizeOf(tableId));
  // Both numbers of rows may be wrong: the planner's in a small table that was never vacuumed, the
  // count after a crash. Too few rows make them too wide, which does no harm.
  const rows = Math.min(
    rowsTotal ?? Number.POSITIVE_INFINITY,
    found?.rows || Number.POSITIVE_INFINITY,
  );
  return (found?.bytes ?? 0) / Math.max(1, rows);
}

/** A partitioned table has all its rows in the leaves of its tree; other tables have no tree. */
const sizeOf = (tableId: string): SQL => sql`
  select sum(pg_table_size(id))::float8 as bytes, sum(pg_stat_get_live_tuples(id))::float8 as rows
  from (select ${tableId}::oid as id
    union select relid from pg_partition_tree(${tableId}::oid::regclass) where isleaf) tables`;

/** Whether the attempt before this one has finished no row, or none has finished one of this walk. */
async function lastFinishedNone(attempt: Attempt, walk: WalkRow): Promise<boolean> {
  if (attempt.dry) return false;
  const { db, migration, id } = attempt.home ?? attempt;
  const [current, last] = await db
    .select({ startedAt: attempts.startedAt, rowsDone: attempts.rowsDone })
    .from(attempts)
    .where(and(eq(attempts.migration, migration), lte(attempts.id, id)))
    .orderBy(desc(attempts.number))
    .limit(2);
  if (!current || !last) return false;
  const untouched = walk.rowsDone === 0 && walk.lowWaterMark === null;
  return last.rowsDone === 0 || (untouched && walk.createdAt < current.startedAt);
}
