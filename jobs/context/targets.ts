import { getTableColumns, is, SQL } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import type { Transaction } from './attempt';
import { type CatalogColumn, findColumns } from './catalogColumns';
import { JobUsageError } from './jobUsageError';
import { arrayLiteral, textOf } from './literal';
import { type TableReference, tableText } from './names';

/** A column that updateRows writes to or finds rows by. `name` is its name in the database. */
export interface Target extends Pick<CatalogColumn, 'name' | 'type' | 'collation'> {
  /** Its name in the author's rows. */
  readonly property: string;
  readonly toText: (value: unknown) => string | null;
}

/**
 * A table's columns by their names in the author's rows: those of the Drizzle table's properties,
 * or of the columns.
 */
export async function findTargets(
  tx: Transaction,
  table: TableReference,
): Promise<ReadonlyMap<string, Target>> {
  const columns = await findColumns(tx, table);
  if (columns.size === 0) throw new JobUsageError(`there is no table ${tableText(table)}`);
  if (!is(table, PgTable)) {
    return new Map([...columns].map(([name, column]) => [name, plainTarget(column)]));
  }
  const targets = new Map<string, Target>();
  for (const [property, column] of Object.entries(getTableColumns(table))) {
    const found = columns.get(column.name);
    if (!found) continue;
    const toText = (value: unknown) =>
      value === null ? null : textOf(column.mapToDriverValue(requireValue(value)));
    targets.set(property, { ...found, property, toText });
  }
  return targets;
}

/** A JSON column would write an SQL expression as JSON, without an error. */
function requireValue(value: unknown): unknown {
  if (typeof value === 'object' && is(value, SQL)) {
    throw new JobUsageError('updateRows takes values, not SQL expressions');
  }
  return value;
}

const JSON_TYPE = /^jsonb?$/;
const JSON_ARRAY_TYPE = /^jsonb?\[\]$/;

function plainTarget(column: CatalogColumn): Target {
  const element = (value: unknown) => (value === null ? null : JSON.stringify(value));
  const toText = (value: unknown) => {
    requireValue(value);
    if (JSON_TYPE.test(column.type)) return element(value);
    if (JSON_ARRAY_TYPE.test(column.type) && Array.isArray(value)) {
      return arrayLiteral(value.map(element));
    }
    return textOf(value);
  };
  return { ...column, property: column.name, toText };
}
