import { Column, is, noopDecoder, SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types';
import type { Transaction } from './attempt';

/** The columns to read. The names of the properties become the names in the rows. */
export type Columns = Record<string, PgColumn | SQL | SQL.Aliased>;

/** The part of a query that follows its list of columns. */
interface Rest {
  readonly from: SQL;
  readonly lock: SQL;
}

type Row = Record<string, unknown>;

/**
 * Reads rows as Drizzle's select() does, but maps them in fewer steps: a batch has tens of
 * thousands of rows, and all lanes share one JavaScript thread.
 */
export async function readRows<C extends Columns>(
  tx: Pick<Transaction, 'execute'>,
  columns: C,
  { from, lock }: Rest,
): Promise<SelectResultFields<C>[]> {
  const names = Object.keys(columns);
  const fit = names.every(isAlias);
  const parts = Object.entries(columns).map(([name, column], index) => ({
    name,
    alias: fit ? name : `c${index}`,
    value: expression(column),
    decode: decoderOf(column),
  }));
  const selected = parts.map(({ value, alias }) => sql`${value} as ${sql.identifier(alias)}`);
  const found = await tx.execute(sql`select ${sql.join(selected, sql`, `)} from ${from} ${lock}`);
  // The driver's result is more than an array, and a copy of it would be, too.
  const rows: Row[] = Array.from(found);
  for (const { alias, decode } of parts) {
    if (decode) for (const row of rows) row[alias] = decoded(row[alias], decode);
  }
  // Each decoder turns its values into the type that Drizzle gives the column.
  return (fit ? rows : rows.map((row) => renamed(row, parts))) as SelectResultFields<C>[];
}

/**
 * A name that the driver's rows can have as it is: Postgres cuts longer ones, and JavaScript puts
 * numbers before other properties. Nothing in the query refers to these names.
 */
const isAlias = (name: string): boolean =>
  /^[A-Za-z_][ -~]{0,62}$/.test(name) && name !== '__proto__';

const decoded = (value: unknown, decode: Decode): unknown =>
  value === null ? null : decode(value);

function renamed(row: Row, parts: readonly { name: string; alias: string }[]): Row {
  return Object.fromEntries(parts.map(({ name, alias }) => [name, row[alias]]));
}

function expression(column: Columns[string]): SQL {
  if (is(column, SQL.Aliased)) return column.sql;
  return is(column, SQL) ? column : sql`${column}`;
}

type Decode = (value: unknown) => unknown;

/** Undefined where the driver's value needs no decoding, as with text. */
function decoderOf(column: Columns[string]): Decode | undefined {
  if (is(column, Column)) {
    if (column.mapFromDriverValue === Column.prototype.mapFromDriverValue) return undefined;
    return (value) => column.mapFromDriverValue(value);
  }
  // mapWith() sets it. Drizzle's types hide it.
  const { decoder } = expression(column) as unknown as {
    decoder: { mapFromDriverValue: Decode };
  };
  if (decoder === noopDecoder) return undefined;
  return (value) => decoder.mapFromDriverValue(value);
}
