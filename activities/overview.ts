import { asc, count, countDistinct, desc, eq, inArray, ne, sql } from 'drizzle-orm';
import type { Database } from '../drizzle/database';
import { skippedCount } from '../drizzle/rows/skipped';
import { migrations, skippedRows } from '../drizzle/schema';
import type { Overview } from './contract';

/** One page in the Web UI. Each listing is kept in the history, so it must stay small. */
const ROWS_AT_MOST = 25;
/** The row has the full text. Characters. */
const ERROR_AT_MOST = 400;

/** First what runs, then what needs an operator, then what waits, then what is done (the latest first). */
const ORDER = sql`case ${migrations.status}
  when 'in_progress' then 1 when 'failed' then 2 when 'paused' then 3
  when 'created' then 4 else 5 end`;

/**
 * Reads what Current Details show.
 * @param first Migrations that run or are about to start. These are always shown.
 */
export async function readOverview(db: Database, first: readonly string[]): Promise<Overview> {
  const counted = await db
    .select({ status: migrations.status, count: count() })
    .from(migrations)
    .groupBy(migrations.status);
  const rows = await db
    .select({
      name: migrations.name,
      status: migrations.status,
      direction: migrations.direction,
      attempts: migrations.attempts,
      waitsFor: migrations.waitsFor,
      skipped: skippedCount,
      error: sql<string | null>`left(${migrations.error}, ${ERROR_AT_MOST})
        || case when length(${migrations.error}) > ${ERROR_AT_MOST} then '…' else '' end`,
    })
    .from(migrations)
    .where(ne(migrations.status, 'cancelled'))
    .orderBy(
      ...toTheTop(first),
      ORDER,
      desc(migrations.completedAt),
      asc(migrations.createdAt),
      asc(migrations.name),
    )
    .limit(ROWS_AT_MOST);
  // Not a look at each completed migration: there may be many thousands, and this is every listing.
  const [withSkipped] = await db
    .select({ count: countDistinct(skippedRows.migration) })
    .from(skippedRows)
    .innerJoin(migrations, eq(migrations.name, skippedRows.migration))
    .where(eq(migrations.status, 'completed'));
  return {
    counts: Object.fromEntries(counted.map((row) => [row.status, row.count])),
    completedWithSkipped: withSkipped?.count ?? 0,
    rows,
  };
}

const toTheTop = (names: readonly string[]) =>
  names.length > 0 ? [desc(inArray(migrations.name, [...names]))] : [];
