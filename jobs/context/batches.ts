import type { Attempt, Transaction } from './attempt';
import { forEachItem } from './forEachItem';
import { forEachRow } from './forEachRow';
import { inBatches } from './inBatches';
import type { JobContext } from './index';
import type { ColumnReference, TableReference } from './names';
import { Nesting } from './nesting';
import { type NewValues, type TargetCache, updateRows } from './updateRows';
import { Tally } from './walk/tally';

/** The walks of one attempt, as its job's context offers them. */
export function createBatches(
  attempt: Attempt,
): Pick<JobContext, 'inBatches' | 'forEach' | 'updateRows'> {
  const tally = new Tally(attempt);
  const targets: TargetCache = new Map();
  const nesting = new Nesting();
  return {
    inBatches: async (table, options, body) => {
      nesting.refuse(options.name);
      return inBatches(attempt, tally, table, options, nesting.within('inBatches', body));
    },
    // A function is an author's own iteration, anything else a table.
    forEach: async (source: never, options: never, body: never) => {
      nesting.refuse((options as { name?: string }).name);
      const inside = nesting.within('forEach', body) as never;
      return typeof source === 'function'
        ? forEachItem(attempt, tally, source, options, inside)
        : forEachRow(attempt, tally, source, options, inside);
    },
    updateRows: (
      tx: Transaction,
      table: TableReference,
      key: ColumnReference | readonly ColumnReference[],
      rows: readonly NewValues[],
    ) => updateRows(targets, tx, table, key, rows),
  };
}
