import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../attempt';
import type { Key } from './key';

/**
 * How many rows a table has, as the planner thinks: at once, at any size, for partitioned tables
 * and (from their size on disk) for tables never analysed too. A COUNT could take hours.
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
 * The rows that the server has counted, where an ANALYZE or VACUUM has given it a number to begin
 * with. The planner reckons from the table's size on disk: after an UPDATE of all rows, which
 * leaves the old ones behind, it takes twice as many for granted.
 */
const countedRows = (tableId: string): SQL => sql`
  select pg_stat_get_live_tuples(oid)::float8 as rows from pg_class
  where oid = ${tableId}::oid and relkind = 'r' and greatest(
    pg_stat_get_last_analyze_time(oid), pg_stat_get_last_autoanalyze_time(oid),
    pg_stat_get_last_vacuum_time(oid), pg_stat_get_last_autovacuum_time(oid)) is not null`;
