import { type SQL, sql } from 'drizzle-orm';
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types';
import type { Transaction } from './attempt';
import { type TableReference, tableText } from './names';
import { type Columns, readRows } from './readRows';
import type { Key } from './walk/key';
import { inOrder, type Part, within } from './walk/range';

/**
 * One batch. It is the SQL condition for its rows: use it as `.where(batch)` or `and(batch, …)`.
 */
export interface Batch extends SQL {
  /**
   * Reads the batch's rows in the order of the key, with the given columns only. The rows stay
   * locked until the batch commits (FOR NO KEY UPDATE). Otherwise a value computed from them could
   * overwrite what the application writes in the meantime. `lock: false` reads without locking.
   * @example
   * const rows = await batch.rows({ id: users.id, email: users.email });
   */
  rows<C extends Columns>(
    columns: C,
    options?: { readonly lock?: boolean },
  ): Promise<SelectResultFields<C>[]>;
}

/** Makes the batch of a range or of one row, for its transaction. */
export function createBatch(
  tx: Pick<Transaction, 'execute'>,
  key: Key,
  where: SQL | undefined,
  part: Part,
): Batch {
  const inRange = within(key, part);
  // An OR in the author's condition must not end the AND.
  const condition = where ? sql`(${inRange} and (${where}))` : sql`(${inRange})`;
  const rows: Batch['rows'] = (columns, { lock = true } = {}) =>
    readRows(tx, columns, {
      from: sql`${sql.raw(key.tableName)} where ${condition} order by ${inKeyOrder(key)}`,
      lock: lock ? sql`for no key update` : sql``,
    });
  return Object.assign(condition, { rows });
}

/**
 * The part of the table that each batch's transaction is about. `updateRows` gets its transaction
 * from the author's code, so nothing else leads from there to the batch. An entry ends with its
 * transaction.
 */
const inTransaction = new WeakMap<object, { readonly key: Key; readonly part: Part }>();

/** Remembers that `tx` is the transaction of this part's batch. */
export function enterBatch(tx: Transaction, key: Key, part: Part): void {
  inTransaction.set(tx, { key, part });
}

/**
 * The version of the walked table in the transaction of a batch. It changes with a column's type.
 * Undefined outside of batches.
 */
export const tableVersionIn = (tx: Transaction): string | undefined =>
  inTransaction.get(tx)?.key.version;

/**
 * The condition for the rows of the transaction's batch, if its walk goes along exactly this key.
 */
export function rangeOf(
  tx: Transaction,
  table: TableReference,
  keyNames: readonly string[],
): SQL | undefined {
  const batch = inTransaction.get(tx);
  // Rows share the values of a group, so they are no key to update by.
  if (!batch || batch.key.grouped || tableText(batch.key.table) !== tableText(table)) {
    return undefined;
  }
  const walked = batch.key.columns.map(({ name }) => name);
  return walked.join() === keyNames.join() ? within(batch.key, batch.part) : undefined;
}

function inKeyOrder(key: Key): SQL {
  return inOrder(
    key,
    key.columns.map(({ column }) => sql`${column}`),
  );
}
