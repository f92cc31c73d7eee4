import { Column, getTableColumns, is, SQL } from 'drizzle-orm';
import { type PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Transaction } from './attempt';
import { type CatalogColumn, findColumns } from './catalogColumns';
import { JobUsageError } from './jobUsageError';
import { arrayLiteral } from './literal';
import { type TableReference, tableText } from './names';

/** A column that updateRows writes to or finds rows by. `name` is its name in the database. */
export interface Target
  extends Pick<CatalogColumn, 'name' | 'qualifiedType' | 'unnests' | 'collation'> {
  /** Its name in the author's rows. */
  readonly property: string;
  /** Makes the driver's value of a value that is not null. Undefined where they are the same. */
  readonly toDriver: ((value: unknown) => unknown) | undefined;
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
    targets.set(property, { ...found, property, toDriver: toDriverOf(column) });
  }
  return targets;
}

/** Drizzle's own rule for the column. Most columns have none. */
function toDriverOf(column: PgColumn): Target['toDriver'] {
  if (column.mapToDriverValue === Column.prototype.mapToDriverValue) return undefined;
  return (value) => column.mapToDriverValue(requireValue(value));
}

/** A JSON column would write an SQL expression as JSON, without an error. */
export function requireValue(value: unknown): unknown {
  if (typeof value === 'object' && is(value, SQL)) {
    throw new JobUsageError('updateRows takes values, not SQL expressions');
  }
  return value;
}

const JSON_TYPE = /^jsonb?$/;
const JSON_ARRAY_TYPE = /^jsonb?\[\]$/;

function plainTarget(column: CatalogColumn): Target {
  return { ...column, property: column.name, toDriver: plainToDriver(column) };
}

function plainToDriver({ type }: CatalogColumn): Target['toDriver'] {
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value));
  if (JSON_TYPE.test(type)) return (value) => json(requireValue(value));
  if (!JSON_ARRAY_TYPE.test(type)) return undefined;
  return (value) => (Array.isArray(value) ? arrayLiteral(value.map(json)) : value);
}
