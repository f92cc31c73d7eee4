import { connect, type Sql } from '../drizzle/connect';
import { isPooled } from '../drizzle/connection/pooler';
import { openSql } from './openSql';

/**
 * Opens the database for a gate, which often has the application's own URL. It only reads, so it works
 * through any pooler; sessions of a pooler get nothing that the application would find in them.
 * @throws UsageError for an invalid URL, and what connecting throws
 */
export async function openForReading(databaseUrl: string): Promise<Sql> {
  const sql = openSql(databaseUrl);
  try {
    if (!(await isPooled(databaseUrl, { applicationName: 'lrm' }))) return sql;
  } catch (error) {
    await sql.end({ timeout: 1 });
    throw error;
  }
  await sql.end({ timeout: 1 });
  return connect(databaseUrl, { max: 2, applicationName: 'lrm', bare: true });
}
