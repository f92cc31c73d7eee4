import { asc, count, desc, ne, sql } from 'drizzle-orm';
import { migrations } from '../drizzle/schema';
import type { Overview } from './contract';
import type { OwnDatabase } from './database';

/** Current Details are a page to look at, and each listing is kept in the history. */
const ROWS_AT_MOST = 25;
/** What to type stands at an error's end; longer ones the row has whole. */
const ERROR_AT_MOST = 400;

/** What runs first, then what wants an operator, then what waits its turn, then what is done (the latest first). */
const ORDER = sql`case ${migrations.status}
  when 'in_progress' then 1 when 'failed' then 2 when 'paused' then 3
  when 'created' then 4 else 5 end`;

/** What Current Details show of the rows. */
export async function readOverview(db: OwnDatabase): Promise<Overview> {
  const counted = await db
    .select({ status: migrations.status, count: count() })
    .from(migrations)
    .groupBy(migrations.status);
  const rows = await db
    .select({
      name: migrations.name,
      status: migrations.status,
      attempts: migrations.attempts,
      waitsFor: migrations.waitsFor,
      error: sql<string | null>`left(${migrations.error}, ${ERROR_AT_MOST})`,
    })
    .from(migrations)
    .where(ne(migrations.status, 'cancelled'))
    .orderBy(ORDER, desc(migrations.completedAt), asc(migrations.createdAt), asc(migrations.name))
    .limit(ROWS_AT_MOST);
  return { counts: Object.fromEntries(counted.map((row) => [row.status, row.count])), rows };
}
