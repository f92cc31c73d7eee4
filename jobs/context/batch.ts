import { type SQL, sql } from 'drizzle-orm';
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types';
import type { Transaction } from './attempt';
import { type TableReference, tableText } from './names';
import { type Columns, readRows } from './readRows';
import type { Key } from './walk/key';
import { inOrder, type Range, within } from './walk/range';

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
  tx: Pick<Transaction, 'execute'>,
  key: Key,
  where: SQL | undefined,
  range: Range,
): Batch {
  const inRange = within(key, range);
  // The parentheses keep an OR in the author's condition in its place.
  const condition = where ? sql`(${inRange} and (${where}))` : sql`(${inRange})`;
  const rows: Batch['rows'] = (columns, { lock = true } = {}) =>
    readRows(tx, columns, {
      from: sql`${sql.raw(key.tableName)} where ${condition} order by ${inKeyOrder(key)}`,
      lock: lock ? sql`for no key update` : sql``,
    });
  return Object.assign(condition, { rows });
}

/**
 * The range of each batch's transaction. `updateRows` gets its transaction from the author's code, so
 * nothing else leads from there to the batch. An entry ends with its transaction.
 */
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

function inKeyOrder(key: Key): SQL {
  return inOrder(
    key,
    key.columns.map(({ column }) => sql`${column}`),
  );
}
