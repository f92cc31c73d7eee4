import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Sql } from '../../../drizzle/connect';

/** Makes the schema `judged` anew: the ledger as the checks need it. */
export async function prepare(sql: Sql): Promise<void> {
  for (const file of ['course.sql', 'rows.sql', 'ranges.sql']) {
    await sql.unsafe(readFileSync(path.join(__dirname, 'sql', file), 'utf8'));
  }
}
