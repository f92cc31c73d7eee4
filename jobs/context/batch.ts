import { type SQL, sql } from 'drizzle-orm';
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types';
import type { Transaction } from './attempt';
import { type TableReference, tableText } from './names';
import { type Columns, readRows } from './readRows';
import type { Key } from './walk/key';
import { inOrder, type Range, within } from './walk/range';

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

/** Makes the batch of a range, for its transaction. */
export function createBatch(
  tx: Pick<Transaction, 'execute'>,
  key: Key,
  where: SQL | undefined,
  range: Range,
): Batch {
  const inRange = within(key, range);
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
 * The range of each batch's transaction. `updateRows` gets its transaction from the author's code,
 * so nothing else leads from there to the batch. An entry ends with its transaction.
 */
const inTransaction = new WeakMap<object, { readonly key: Key; readonly range: Range }>();

/** Remembers that `tx` is the transaction of this range's batch. */
export function enterBatch(tx: Transaction, key: Key, range: Range): void {
  inTransaction.set(tx, { key, range });
}

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
  return walked.join() === keyNames.join() ? within(batch.key, batch.range) : undefined;
}

function inKeyOrder(key: Key): SQL {
  return inOrder(
    key,
    key.columns.map(({ column }) => sql`${column}`),
  );
}
