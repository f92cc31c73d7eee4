import type { Attempt, Transaction } from './attempt';
import { forEachItem } from './forEachItem';
import { forEachRow } from './forEachRow';
import { inBatches } from './inBatches';
import type { JobContext } from './index';
import { type ColumnReference, type TableReference, tableText } from './names';
import { Nesting } from './nesting';
import { type NewValues, type TargetCache, updateRows } from './updateRows';
import type { Tally } from './walk/tally';

/** The walks of one attempt, as its job's context offers them. */
export function createBatches(
  attempt: Attempt,
  tally: Tally,
): Pick<JobContext, 'inBatches' | 'forEach' | 'updateRows'> {
  const targets: TargetCache = new Map();
  const nesting = new Nesting();
  return {
    inBatches: async (table, options, body) => {
      nesting.refuse(options.name);
      return tally.track(options.name, tableText(table), (name) =>
        inBatches(attempt, tally, name, table, options, nesting.within('inBatches', body)),
      );
    },
    // A function is an author's own iteration, anything else a table.
    forEach: async (source: never, options: never, body: never) => {
      const given = (options as { name?: string }).name;
      nesting.refuse(given);
      const inside = nesting.within('forEach', body) as never;
      return typeof source === 'function'
        ? tally.track(given, 'items', (name) =>
            forEachItem(attempt, tally, name, source, options, inside),
          )
        : tally.track(given, tableText(source), (name) =>
            forEachRow(attempt, tally, name, source, options, inside),
          );
    },
    updateRows: (
      tx: Transaction,
      table: TableReference,
      key: ColumnReference | readonly ColumnReference[],
      rows: readonly NewValues[],
    ) => updateRows(targets, tx, table, key, rows),
  };
}
