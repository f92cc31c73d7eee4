import type { Attempt, Transaction } from './attempt';
import { forEachItem, forEachRow } from './forEach';
import { inBatches } from './inBatches';
import type { JobContext } from './index';
import type { ColumnReference, TableReference } from './names';
import { type NewValues, type TargetCache, updateRows } from './updateRows';
import { Tally } from './walk/tally';

/** The walks of one attempt, as its job's context offers them. */
export function createBatches(
  attempt: Attempt,
): Pick<JobContext, 'inBatches' | 'forEach' | 'updateRows'> {
  const tally = new Tally(attempt);
  const targets: TargetCache = new Map();
  return {
    inBatches: (table, options, body) => inBatches(attempt, tally, table, options, body),
    // A function is an author's own iteration, anything else a table.
    forEach: (source: never, options: never, body: never) =>
      typeof source === 'function'
        ? forEachItem(attempt, tally, source, options, body)
        : forEachRow(attempt, tally, source, options, body),
    updateRows: (
      tx: Transaction,
      table: TableReference,
      key: ColumnReference | readonly ColumnReference[],
      rows: readonly NewValues[],
    ) => updateRows(targets, tx, table, key, rows),
  };
}
