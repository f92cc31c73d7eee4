import { getTableColumns, is, sql } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import type { Transaction } from './attempt';
import { textOf } from './literal';
import { type TableReference, tableText } from './names';
import { Refused } from './refused';

/** A column that rows are written to. */
export interface Target {
  /** What the author's rows call it. */
  readonly property: string;
  /** What the database calls it. */
  readonly name: string;
  /** Without length: a cast to varchar(5) would cut silently what the column itself refuses. */
  readonly type: string;
  readonly toText: (value: unknown) => string | null;
}

/** A table's columns by the author's names for them: a Drizzle table's properties, or the columns'. */
export async function findTargets(
  tx: Transaction,
  table: TableReference,
): Promise<ReadonlyMap<string, Target>> {
  const types = await columnTypes(tx, table);
  if (!is(table, PgTable)) {
    return new Map([...types].map(([name, type]) => [name, plainTarget(name, type)]));
  }
  const targets = new Map<string, Target>();
  for (const [property, column] of Object.entries(getTableColumns(table))) {
    const type = types.get(column.name);
    if (type === undefined) continue;
    const toText = (value: unknown) =>
      value === null ? null : textOf(column.mapToDriverValue(value));
    targets.set(property, { property, name: column.name, type, toText });
  }
  return targets;
}

async function columnTypes(tx: Transaction, table: TableReference): Promise<Map<string, string>> {
  const rows = await tx.execute<{ name: string; type: string }>(sql`
    select attname as name, format_type(atttypid, -1) as type from pg_attribute
    where attrelid = to_regclass(${tableText(table)}::text) and attnum > 0 and not attisdropped`);
  if (rows.length === 0) throw new Refused(`there is no table ${tableText(table)}`);
  return new Map(rows.map(({ name, type }) => [name, type]));
}

function plainTarget(name: string, type: string): Target {
  const isJson = type === 'json' || type === 'jsonb';
  const toText = (value: unknown) =>
    isJson && value !== null ? JSON.stringify(value) : textOf(value);
  return { property: name, name, type, toText };
}
