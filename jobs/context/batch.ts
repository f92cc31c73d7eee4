import { type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types';
import type { Transaction } from './attempt';
import { type TableReference, tableText } from './names';
import type { Key } from './walk/key';
import { inOrder, type Range, within } from './walk/range';

/** Columns to read, by the names they are to have. */
export type Columns = Record<string, PgColumn | SQL | SQL.Aliased>;

/** One batch: the condition for its rows, fit for `.where(batch)` and `and(batch, …)`. */
export interface Batch extends SQL {
  /**
   * Reads the batch's rows in the key's order, only the columns asked for. They are locked until
   * the batch commits (FOR NO KEY UPDATE), or what is computed from them could overwrite what the
   * application writes meanwhile; `lock: false` does without.
   */
  rows<C extends Columns>(
    columns: C,
    options?: { readonly lock?: boolean },
  ): Promise<SelectResultFields<C>[]>;
}

/** The batch of a range, within its transaction. */
export function createBatch(
  tx: Pick<Transaction, 'select'>,
  key: Key,
  where: SQL | undefined,
  range: Range,
): Batch {
  const inRange = within(key, range);
  // The parentheses keep an OR in the author's condition in its place.
  const condition = where ? sql`(${inRange} and (${where}))` : sql`(${inRange})`;
  const rows: Batch['rows'] = async (columns, { lock = true } = {}) => {
    const query = selectRows(tx, key, columns).where(condition).orderBy(inKeyOrder(key));
    return (await (lock ? query.for('no key update') : query)) as never;
  };
  return Object.assign(condition, { rows });
}

const inTransaction = new WeakMap<object, { readonly key: Key; readonly range: Range }>();

/** Notes that `tx` is the transaction of this range's batch. */
export function enterBatch(tx: Transaction, key: Key, range: Range): void {
  inTransaction.set(tx, { key, range });
}

/** The condition for the rows of the batch that `tx` belongs to, if it goes along that very key. */
export function rangeOf(
  tx: Transaction,
  table: TableReference,
  keyNames: readonly string[],
): SQL | undefined {
  const batch = inTransaction.get(tx);
  if (!batch || tableText(batch.key.table) !== tableText(table)) return undefined;
  const walked = batch.key.columns.map(({ name }) => name);
  return walked.join() === keyNames.join() ? within(batch.key, batch.range) : undefined;
}

function selectRows(tx: Pick<Transaction, 'select'>, key: Key, columns: Columns) {
  return tx.select(columns).from(key.table as PgTable);
}

function inKeyOrder(key: Key): SQL {
  return inOrder(
    key,
    key.columns.map(({ column }) => sql`${column}`),
  );
}
