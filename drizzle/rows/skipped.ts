import { and, asc, eq, getTableColumns, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import { plainText } from '../../settings/plainText';
import { count } from '../../settings/screenText';
import type { Database, Transaction } from '../database';
import { migrations, type SkippedRow, skippedRows, walks } from '../schema';
import { inTransaction } from '../transaction';
import { lockExclusive } from './fence';
import { NotRegistered, OperationRefused } from './operationRefused';

// What operators see of skipped rows, and do with them. A walk's own part is in
// jobs/context/walk/skippedRows.ts.

/** How many rows of a migration are recorded as skipped, in a query over `migrations`. */
export const skippedCount: SQL<number> = sql<number>`(
  select count(*)::int from ${skippedRows} as s where s.migration = ${migrations.name})`;

/** The same, without those that an operator has accepted. */
export const unacceptedCount: SQL<number> = sql<number>`(
  select count(*)::int from ${skippedRows} as s
  where s.migration = ${migrations.name} and s.accepted_at is null)`;

/** 'completed, 3 rows skipped': completed with skipped rows is never shown as plain `completed`. */
export const withSkipped = (status: string, skipped: number): string =>
  (status === 'completed' || status === 'reverted') && skipped > 0
    ? `${status}, ${rowsSkipped(skipped)}`
    : status;

/** '3 rows skipped'. */
export const rowsSkipped = (skipped: number): string =>
  `${count(skipped)} ${skipped === 1 ? 'row' : 'rows'} skipped`;

/** What an operator should look at; null when no row was skipped. */
export const skippedNote = (name: string, skipped: number): string | null =>
  skipped > 0 ? `${rowsSkipped(skipped)}: npx lrm skipped ${name}` : null;

/** How many rows are recorded, by migration. One without such rows is not in the map. */
export async function readSkippedCounts(
  db: Database,
  names: readonly string[],
): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  const rows = await db
    .select({ name: skippedRows.migration, count: sql<number>`count(*)::int` })
    .from(skippedRows)
    .where(inArray(skippedRows.migration, [...names]))
    .groupBy(skippedRows.migration);
  return new Map(rows.map((row) => [row.name, row.count]));
}

/** The same for one migration. */
export const readSkippedCount = async (db: Database, name: string): Promise<number> =>
  (await readSkippedCounts(db, [name])).get(name) ?? 0;

/** A skipped row as an operator sees it. */
export type SkippedView = Omit<SkippedRow, 'walk' | 'id' | 'migration'> & {
  /** The walk's name. */
  readonly walk: string;
  readonly table: string;
};

/** Reads the skipped rows of a migration, in the order in which they were recorded. */
export async function readSkipped(
  db: Database,
  name: string,
  atMost?: number,
): Promise<SkippedView[]> {
  const { id: _id, migration: _migration, walk: _walk, ...columns } = getTableColumns(skippedRows);
  const rows = db
    .select({
      ...columns,
      walk: sql<string>`coalesce(${walks.name}, '')`,
      table: sql<string>`coalesce(${walks.shape}->>'table', '')`,
    })
    .from(skippedRows)
    .leftJoin(walks, eq(walks.id, skippedRows.walk))
    .where(eq(skippedRows.migration, name))
    .orderBy(asc(skippedRows.id));
  const found = await (atMost === undefined ? rows : rows.limit(atMost));
  // Anybody may have written to our tables by hand, and a key is a value of the application.
  return found.map((row) => ({
    ...row,
    walk: plainText(row.walk),
    table: plainText(row.table),
    reason: row.reason && plainText(row.reason),
    acceptedBy: row.acceptedBy && plainText(row.acceptedBy),
  }));
}

/** How many rows of a walk are recorded as skipped. */
export interface SkippedOfWalk {
  /** The walk's name. */
  readonly walk: string;
  readonly rows: number;
  /** Those of them that were to be done again and were not. */
  readonly again: number;
}

/** Reads what an attempt that has ended leaves behind: the walks with skipped rows, by name. */
export function readSkippedByWalk(db: Database, name: string): Promise<SkippedOfWalk[]> {
  return db
    .select({
      walk: sql<string>`coalesce(${walks.name}, '')`,
      rows: sql<number>`count(*)::int`,
      again: sql<number>`(count(*) filter (where ${skippedRows.again}))::int`,
    })
    .from(skippedRows)
    .leftJoin(walks, eq(walks.id, skippedRows.walk))
    .where(eq(skippedRows.migration, name))
    .groupBy(walks.name)
    .orderBy(asc(walks.name));
}

/** Marks all skipped rows of a migration to be done again, in the transaction that restarts it. */
export async function markAgain(tx: Transaction, name: string): Promise<number> {
  const marked = await tx
    .update(skippedRows)
    .set({ again: true, acceptedAt: null, acceptedBy: null })
    .where(eq(skippedRows.migration, name))
    .returning({ id: skippedRows.id });
  return marked.length;
}

/**
 * Accepts the rows that are skipped now: gates and dependent migrations take no notice of them any
 * more, and they are not done again. Rows that are skipped later are not accepted by this.
 * @returns how many were accepted
 * @throws NotRegistered; OperationRefused when an attempt may still skip rows, or none was skipped
 */
export function acceptSkipped(db: Database, name: string, by: string): Promise<number> {
  return inTransaction(db, async (tx) => {
    // No attempt is in the middle of its transaction, and no `lrm retry --skipped`.
    await tx.execute(lockExclusive(name));
    const [row] = await tx
      .select({ status: migrations.status, skipped: skippedCount })
      .from(migrations)
      .where(eq(migrations.name, name));
    if (!row) throw new NotRegistered(name);
    if (row.skipped === 0) throw noneSkipped(name);
    if (row.status === 'in_progress' || row.status === 'created') {
      throw new OperationRefused(
        `${name} is ${row.status} and may skip more rows: accept them when it has ended`,
      );
    }
    const accepted = await tx
      .update(skippedRows)
      .set({ acceptedAt: sql`now()`, acceptedBy: by, again: false })
      .where(and(eq(skippedRows.migration, name), isNull(skippedRows.acceptedAt)))
      .returning({ id: skippedRows.id });
    return accepted.length;
  });
}

export const noneSkipped = (name: string): OperationRefused =>
  new OperationRefused(`${name} has no skipped rows`);
