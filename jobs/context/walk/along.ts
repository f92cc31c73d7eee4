import { JobUsageError } from '../jobUsageError';
import type { ColumnReference, TableReference } from '../names';
import type { WalkOptions } from '../options';
import type { Walked } from './key';

/** What a walk goes along, as its author writes it: a key or groups. */
export interface Along extends Pick<WalkOptions, 'descending'> {
  readonly key?: WalkOptions['key'] | undefined;
  readonly groupBy?: WalkOptions['key'] | undefined;
}

/**
 * Reads what a walk goes along.
 * @throws JobUsageError when it is not exactly one of `key` and `groupBy`, or has no column.
 */
export function readAlong(table: TableReference, { key, groupBy, descending }: Along): Walked {
  if (key !== undefined && groupBy !== undefined) {
    throw new JobUsageError(
      "a walk goes along a 'key' or along groups ('groupBy'): give one of them",
    );
  }
  const columns = columnsOf(groupBy ?? key);
  if (columns.length === 0 || columns.includes(undefined as never)) {
    throw new JobUsageError(
      groupBy === undefined
        ? 'a walk needs a key: one column at least'
        : 'groupBy: a group needs one column at least',
    );
  }
  return { table, columns, descending: descending ?? false, grouped: groupBy !== undefined };
}

function columnsOf(given: Along['key']): readonly ColumnReference[] {
  if (given === undefined) return [];
  const columns = Array.isArray(given) ? given : [given];
  return columns;
}
