import { createHash } from 'node:crypto';
import type { WalkRow } from '../../../drizzle/schema';
import { JobUsageError } from '../jobUsageError';
import {
  type ColumnReference,
  columnName,
  rendered,
  type TableReference,
  tableText,
} from '../names';
import type { WalkOptions } from '../options';
import type { Key } from './key';

/** What a walk is over, by aspect: table, key, direction, where, and so on. */
export type Shape = Readonly<Record<string, string>>;

/** What the author's code says. */
export function asWritten(
  table: TableReference,
  columns: readonly ColumnReference[],
  { where, descending }: WalkOptions,
): Shape {
  return {
    table: tableText(table),
    key: columns.map((column) => columnName(table, column)).join(', '),
    direction: descending ? 'descending' : 'ascending',
    // Hashed, since it may hold values.
    where: where ? createHash('sha256').update(rendered(where)).digest('hex') : 'all rows',
  };
}

/** What the database says: another type or collation may mean another order of the keys. */
export function asFound(key: Key): Shape {
  const types = key.columns.map(({ qualifiedType, collation }) =>
    collation ? `${qualifiedType} ${collation}` : qualifiedType,
  );
  return { schema: key.tableName, types: types.join(', ') };
}

/**
 * Makes sure that the walk was begun over the same: what is done there would say nothing of here.
 * @throws JobUsageError naming what has changed.
 */
export function requireShape(walk: WalkRow, shape: Shape): void {
  const changed = Object.keys(shape).filter((aspect) => walk.shape[aspect] !== shape[aspect]);
  if (changed.length === 0) return;
  throw new JobUsageError(
    `walk '${walk.name}' of ${walk.migration} was begun with another ${changed.join(' and ')}: ` +
      'put it back (a value such as the current time must not differ between attempts), ' +
      "or begin anew under another 'name'",
  );
}
