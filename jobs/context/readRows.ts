import { Column, is, SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types';
import type { Transaction } from './attempt';

/** Columns to read, by the names they are to have. */
export type Columns = Record<string, PgColumn | SQL | SQL.Aliased>;

/** What follows a query's list of columns. */
interface Rest {
  readonly from: SQL;
  readonly lock: SQL;
}

/**
 * Reads rows as Drizzle's select() would, but maps them in fewer steps: a batch has tens of
 * thousands, and two lanes share one JavaScript thread.
 */
export async function readRows<C extends Columns>(
  tx: Pick<Transaction, 'execute'>,
  columns: C,
  { from, lock }: Rest,
): Promise<SelectResultFields<C>[]> {
  const parts = Object.entries(columns).map(([name, column], index) => ({
    name,
    // By number: an author's name may be longer than Postgres's may.
    alias: `c${index}`,
    value: expression(column),
    decode: decoderOf(column),
  }));
  const selected = parts.map(({ value, alias }) => sql`${value} as ${sql.identifier(alias)}`);
  const found = await tx.execute(sql`select ${sql.join(selected, sql`, `)} from ${from} ${lock}`);
  return found.map((given) => {
    const row: Record<string, unknown> = {};
    for (const { name, alias, decode } of parts) {
      const value = given[alias];
      row[name] = value === null || !decode ? value : decode(value);
    }
    // Its decoder turns each value into the type that Drizzle gives the column.
    return row as SelectResultFields<C>;
  });
}

function expression(column: Columns[string]): SQL {
  if (is(column, SQL.Aliased)) return column.sql;
  return is(column, SQL) ? column : sql`${column}`;
}

type Decode = (value: unknown) => unknown;

/** Undefined where the driver's value is the column's already, as with text. */
function decoderOf(column: Columns[string]): Decode | undefined {
  if (is(column, Column)) {
    if (column.mapFromDriverValue === Column.prototype.mapFromDriverValue) return undefined;
    return (value) => column.mapFromDriverValue(value);
  }
  // What mapWith() sets; Drizzle's types hide it.
  const { decoder } = expression(column) as unknown as {
    decoder: { mapFromDriverValue: Decode };
  };
  return (value) => decoder.mapFromDriverValue(value);
}
