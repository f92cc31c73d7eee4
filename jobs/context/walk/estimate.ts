import { sql } from 'drizzle-orm';
import type { Database } from '../attempt';
import type { Key } from './key';

/**
 * How many rows a table has, as the planner thinks: at once, at any size, for partitioned tables
 * and (from their size on disk) for tables never analysed too. A COUNT could take hours.
 */
export async function estimateRows(db: Database, { tableName }: Key): Promise<number | null> {
  const [row] = await db.execute<{ 'QUERY PLAN': unknown }>(
    sql`explain (format json) select from ${sql.raw(tableName)}`,
  );
  const plan = row?.['QUERY PLAN'];
  const [top] = (typeof plan === 'string' ? JSON.parse(plan) : plan) as {
    Plan?: { 'Plan Rows'?: number };
  }[];
  return top?.Plan?.['Plan Rows'] ?? null;
}
