import { getTableColumns, is, SQL, sql } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { dialectOf } from '../../drizzle/database';
import type { Transaction } from './attempt';
import { rangeOf, tableVersionIn } from './batch';
import { columnLiteral } from './columnLiteral';
import { surelyDistinct } from './distinctKeys';
import { JobUsageError } from './jobUsageError';
import { type ColumnReference, columnName, type TableReference, tableText } from './names';
import { findTargets, type Target } from './targets';
import { equalKeys, updateStatement, type Written } from './updateStatement';

/**
 * The key and the new values of one row. Undefined means that a value is not given.
 * @example
 * { id: 7, geohash: 'u33d' }
 */
export type NewValues = Readonly<Record<string, unknown>>;

/**
 * The columns of tables, so that they are looked up once per attempt instead of once per batch. The
 * first key is the dialect of a database, since two databases may have tables of one name. The
 * second one is the table object of a Drizzle schema, since two objects may describe one table
 * differently, or the plain name.
 */
export type TargetCache = WeakMap<object, Map<TableReference | string, Targets>>;

interface Targets {
  readonly known: ReadonlyMap<string, Target>;
  /** Of the walked table, when they were looked up: its columns may have other types since. */
  readonly version: string | undefined;
}

/** Writes rows that were computed in JavaScript, in one statement; see JobContext.updateRows. */
export async function updateRows(
  cache: TargetCache,
  tx: Transaction,
  table: TableReference,
  key: ColumnReference | readonly ColumnReference[],
  rows: readonly NewValues[],
): Promise<number> {
  if (rows.length === 0) return 0;
  const known = await cached(cache, tx, table);
  const given = givenTargets(table, known, rows);
  const names = (Array.isArray(key) ? key : [key]).map((each) => columnName(table, each));
  const keys = names.map((name) => keyTarget(table, given, name));
  const changed = given.filter((target) => !keys.includes(target));
  if (changed.length === 0)
    throw new JobUsageError('updateRows: the rows hold nothing but the key');
  const onUpdate = onUpdateOf(table, given);
  const written = { keys, changed, literals: literals(given, rows), onUpdate };
  const range = rangeOf(tx, table, names);
  const count = await update(tx, table, written, range, rows.length);
  // A walk's key is unique, so two equal keys were counted as one row at most. Then the check is
  // needed only if a row is missing.
  if ((!range || count < rows.length) && !surelyDistinct(keys, rows)) {
    await refuseEqualKeys(tx, written);
  }
  return count;
}

async function cached(cache: TargetCache, tx: Transaction, table: TableReference) {
  const by = is(table, PgTable) ? table : tableText(table);
  const dialect = dialectOf(tx);
  const tables = cache.get(dialect) ?? new Map<TableReference | string, Targets>();
  cache.set(dialect, tables);
  const version = tableVersionIn(tx);
  const found = tables.get(by);
  if (found && (version === undefined || version === found.version)) return found.known;
  const known = await findTargets(tx, table);
  tables.set(by, { known, version });
  return known;
}

/**
 * Inside of a batch, the rows are nearly always those of the batch. With the range in the
 * condition, Postgres reads the table once along the key instead of searching the index for each
 * row. That is twice as fast. Rows outside of the range get a second statement.
 */
async function update(
  tx: Transaction,
  table: TableReference,
  written: Written,
  range: SQL | undefined,
  rows: number,
): Promise<number> {
  if (!range) return execute(tx, updateStatement(table, written));
  const inside = await execute(tx, updateStatement(table, written, range));
  if (inside === rows) return inside;
  return inside + (await execute(tx, updateStatement(table, written, sql`not (${range})`)));
}

async function execute(tx: Transaction, statement: SQL): Promise<number> {
  // postgres.js adds the number of changed rows to its result. Drizzle's types hide it.
  const { count } = (await tx.execute(statement)) as unknown as { readonly count: number };
  return count;
}

/**
 * The columns that the rows hold. All rows need the same ones: a value given in some would be lost.
 */
function givenTargets(
  table: TableReference,
  known: ReadonlyMap<string, Target>,
  rows: readonly NewValues[],
): Target[] {
  const properties = definedIn(rows[0] ?? {});
  rows.forEach((row, index) => {
    if (holdsExactly(row, properties)) return;
    throw new JobUsageError(
      `updateRows: row ${index + 1} holds other properties than the first (${properties.join(', ')})`,
    );
  });
  return properties.map((property) => {
    const target = known.get(property);
    if (!target)
      throw new JobUsageError(`updateRows: ${tableText(table)} has no column ${property}`);
    return target;
  });
}

/** Undefined means not given, as in Drizzle's set(). */
function definedIn(row: NewValues): string[] {
  return Object.keys(row).filter((property) => row[property] !== undefined);
}

/** Whether a row holds these properties and no others. Most rows hold them in the same order. */
function holdsExactly(row: NewValues, properties: readonly string[]): boolean {
  const last = properties.at(-1);
  let index = 0;
  for (const name in row) {
    if (name !== properties[index] || row[name] === undefined) return holds(row, properties);
    index++;
  }
  // Inherited properties come last. If the last one is not inherited, none is.
  return index === properties.length && last !== undefined && Object.hasOwn(row, last);
}

function holds(row: NewValues, properties: readonly string[]): boolean {
  const defined = definedIn(row);
  return defined.length === properties.length && properties.every((name) => defined.includes(name));
}

/** Sets the columns with $onUpdate that are not given, as db.update() does. */
function onUpdateOf(table: TableReference, given: readonly Target[]): SQL[] {
  if (!is(table, PgTable)) return [];
  return Object.entries(getTableColumns(table)).flatMap(([property, column]) => {
    if (!column.onUpdateFn || given.some((target) => target.property === property)) return [];
    const value: unknown = column.onUpdateFn();
    const set = is(value, SQL) ? value : sql.param(value, column);
    return [sql`${sql.identifier(column.name)} = ${set}`];
  });
}

function keyTarget(table: TableReference, given: readonly Target[], name: string): Target {
  const target = given.find((each) => each.name === name);
  if (!target)
    throw new JobUsageError(`updateRows: the rows for ${tableText(table)} lack their ${name}`);
  return target;
}

function literals(given: readonly Target[], rows: readonly NewValues[]): Map<Target, string> {
  return new Map(given.map((target) => [target, columnLiteral(target, rows)]));
}

/** Postgres decides which keys are equal: '1.0' and '1.00' are one number. */
async function refuseEqualKeys(tx: Transaction, written: Written): Promise<void> {
  const equal = await tx.execute(equalKeys(written));
  if (equal.length === 0) return;
  const names = written.keys.map(({ name }) => name).join(', ');
  throw new JobUsageError(
    `updateRows: two rows have the same ${names}; only one of them could win`,
  );
}
