import { getTableColumns, is, SQL, sql } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import type { Transaction } from './attempt';
import { arrayLiteral, textOf } from './literal';
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
  /** In quotes, with its schema; null for types without. */
  readonly collation: string | null;
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
      value === null ? null : textOf(column.mapToDriverValue(requireValue(value)));
    targets.set(property, { property, name: column.name, ...type, toText });
  }
  return targets;
}

/** Before a column makes JSON of the expression's insides. */
function requireValue(value: unknown): unknown {
  if (typeof value === 'object' && is(value, SQL)) {
    throw new Refused('updateRows takes values, not SQL expressions');
  }
  return value;
}

type ColumnType = Pick<Target, 'type' | 'collation'>;

async function columnTypes(
  tx: Transaction,
  table: TableReference,
): Promise<Map<string, ColumnType>> {
  const rows = await tx.execute<ColumnType & { name: string }>(sql`
    select attname as name, format_type(atttypid, -1) as type,
      quote_ident(n.nspname) || '.' || quote_ident(c.collname) as collation
    from pg_attribute
      left join pg_collation c on c.oid = attcollation
      left join pg_namespace n on n.oid = c.collnamespace
    where attrelid = to_regclass(${tableText(table)}::text) and attnum > 0 and not attisdropped`);
  if (rows.length === 0) throw new Refused(`there is no table ${tableText(table)}`);
  return new Map(rows.map(({ name, type, collation }) => [name, { type, collation }]));
}

const JSON_TYPE = /^jsonb?$/;
const JSON_ARRAY_TYPE = /^jsonb?\[\]$/;

function plainTarget(name: string, column: ColumnType): Target {
  const element = (value: unknown) => (value === null ? null : JSON.stringify(value));
  const toText = (value: unknown) => {
    requireValue(value);
    if (JSON_TYPE.test(column.type)) return element(value);
    if (JSON_ARRAY_TYPE.test(column.type) && Array.isArray(value)) {
      return arrayLiteral(value.map(element));
    }
    return textOf(value);
  };
  return { property: name, name, ...column, toText };
}
