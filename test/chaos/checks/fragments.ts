import type { PendingQuery, Row } from 'postgres';
import type { Sql } from '../../../drizzle/connect';

/** A part of a statement. */
export type Fragment = PendingQuery<Row[]>;

/** The names of a watched table's key columns. */
export async function keyColumns(sql: Sql, table: string): Promise<string[]> {
  const [watched] = await sql<{ key: string[] }[]>`
    select key from chaos.watched where "table" = ${table}::regclass::text`;
  if (!watched) throw new Error(`${table} is not watched: call watchTable() before its migration`);
  return watched.key;
}

/** The key of a row of table `t`, as the ledger has it. */
export function keyText(sql: Sql, columns: readonly string[]): Fragment {
  const [first, ...more] = columns.map((column) => sql`t.${sql(column)}::text`);
  if (!first) throw new Error('a table is watched without a key');
  if (more.length === 0) return first;
  return sql`array[${more.reduce((list, each) => sql`${list}, ${each}`, first)}]::text`;
}
