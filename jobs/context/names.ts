import { is, type SQL, sql } from 'drizzle-orm';
import { PgColumn, PgDialect, type PgTable } from 'drizzle-orm/pg-core';
import { JobUsageError } from './jobUsageError';
import { kindOf } from './optionNames';

/** A table of a Drizzle schema, or its plain name: sql`public.users`. */
export type TableReference = PgTable | SQL;
/** A column of a Drizzle schema, or its plain name: sql`id`. */
export type ColumnReference = PgColumn | SQL;

const dialect = new PgDialect();

/** A table's name as it is written in SQL. */
export function tableText(table: TableReference): string {
  if (typeof table !== 'object' || table === null) {
    throw new JobUsageError(
      `a table is one of a Drizzle schema, or its name as sql\`public.users\`, not ${kindOf(table)}`,
    );
  }
  return plainText(sql`${table}`, 'a table');
}

/** The same to name a walk's table with. What is wrong about it is said when the walk begins. */
export function overOf(table: TableReference): string {
  try {
    return tableText(table);
  } catch {
    return 'a table';
  }
}

/**
 * A column's name as the catalog has it.
 * @throws JobUsageError when it is an expression, or a column of another table.
 */
export function columnName(table: TableReference, column: ColumnReference): string {
  if (is(column, PgColumn)) {
    if (column.table !== table) {
      throw new JobUsageError(`${column.name} is not a column of ${tableText(table)}`);
    }
    return column.name;
  }
  return lastIdentifier(plainText(sql`${column}`, 'a column'));
}

/** The SQL text and parameters of a condition, to compare it with that of an earlier attempt. */
export function rendered(condition: SQL): string {
  const { sql: text, params } = dialect.sqlToQuery(condition);
  // JSON can't hold every number (NaN becomes null) and no bigint, so these are written as text.
  return JSON.stringify([text, params], (_, value) =>
    typeof value === 'number' || typeof value === 'bigint' ? String(value) : value,
  );
}

function plainText(reference: SQL, what: string): string {
  const { sql: text, params } = dialect.sqlToQuery(reference);
  if (params.length > 0)
    throw new JobUsageError(`${what} must be a name, not an expression with values`);
  return text;
}

const IDENTIFIER = /(?:^|\.)\s*(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))\s*$/u;

/** Reads an identifier as Postgres does: in quotes as it is, otherwise in lower case. */
function lastIdentifier(text: string): string {
  const [, quoted, plain] = IDENTIFIER.exec(text.trim()) ?? [];
  if (quoted !== undefined) return quoted.replaceAll('""', '"');
  if (plain !== undefined) return plain.toLowerCase();
  throw new JobUsageError(`${text} is not a column name; a walk's key must be plain columns`);
}
