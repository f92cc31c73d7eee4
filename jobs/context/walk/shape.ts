import { createHash } from 'node:crypto';
import type { SQL } from 'drizzle-orm';
import type { WalkRow } from '../../../drizzle/schema';
import { JobUsageError } from '../jobUsageError';
import { columnName, rendered, tableText } from '../names';
import type { Key, Walked } from './key';

/** Describes what a walk goes over, by aspect: table, key, direction, where and so on. */
export type Shape = Readonly<Record<string, string>>;

/** The aspects that the author's code sets. */
export function asWritten(
  { table, columns, descending, grouped }: Walked,
  where: SQL | undefined,
): Shape {
  const names = columns.map((column) => columnName(table, column)).join(', ');
  return {
    table: tableText(table),
    // No column has an empty name: a walk along a key is never taken for one along groups.
    ...(grouped ? { key: '', groupBy: names } : { key: names }),
    direction: descending ? 'descending' : 'ascending',
    // Only a hash is stored, since the condition may hold values of rows.
    where: where ? createHash('sha256').update(rendered(where)).digest('hex') : 'all rows',
  };
}

/**
 * The aspects that the database sets. Another type or collation may mean another order of the keys.
 */
export function asFound(key: Key): Shape {
  const types = key.columns.map(({ qualifiedType, collation }) =>
    collation ? `${qualifiedType} ${collation}` : qualifiedType,
  );
  return { schema: key.tableName, types: types.join(', ') };
}

/**
 * Makes sure that a stored walk began over the same rows in the same order. Otherwise its finished
 * ranges would mean other rows.
 * @throws JobUsageError that names what has changed.
 */
export function requireShape(walk: WalkRow, shape: Shape): void {
  // Only the row in the main database of a walk that is elsewhere has a `database`; see Places.
  const moved = walk.shape['database'] !== shape['database'];
  const aspects = moved ? ['database'] : Object.keys(shape);
  const changed = aspects.filter((aspect) => walk.shape[aspect] !== shape[aspect]);
  if (changed.length === 0) return;
  throw new JobUsageError(
    `walk '${walk.name}' of ${walk.migration} can't go on. This has changed since it began: ` +
      `${changed.join(', ')}. Change it back (a value such as the current time must not differ ` +
      "between attempts), or begin a new walk under another 'name'",
  );
}
