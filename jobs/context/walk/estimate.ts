import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../attempt';
import type { Key } from './key';

/**
 * Estimates how many rows a table has. That is quick at any size, and also works for partitioned
 * tables and for tables that were never analysed. A COUNT could take hours. Null when Postgres
 * gives none.
 */
export async function estimateRows(
  db: Database,
  { tableId, tableName }: Key,
): Promise<number | null> {
  const [counted] = await db.execute<{ rows: number | null }>(countedRows(tableId));
  if (typeof counted?.rows === 'number') return counted.rows;
  const [row] = await db.execute<{ 'QUERY PLAN': unknown }>(
    sql`explain (format json) select from ${sql.raw(tableName)}`,
  );
  const plan = row?.['QUERY PLAN'];
  const [top] = (typeof plan === 'string' ? JSON.parse(plan) : plan) as {
    Plan?: { 'Plan Rows'?: number };
  }[];
  return top?.Plan?.['Plan Rows'] ?? null;
}

/**
 * Postgres's own count of live rows. It is right once an ANALYZE or VACUUM has given it a start.
 * The planner's estimate follows the table's size on disk: after an UPDATE of all rows it is twice
 * too high, since the old versions are still there.
 */
const countedRows = (tableId: string): SQL => sql`
  select pg_stat_get_live_tuples(oid)::float8 as rows from pg_class
  where oid = ${tableId}::oid and relkind = 'r' and greatest(
    pg_stat_get_last_analyze_time(oid), pg_stat_get_last_autoanalyze_time(oid),
    pg_stat_get_last_vacuum_time(oid), pg_stat_get_last_autovacuum_time(oid)) is not null`;
