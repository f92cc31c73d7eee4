import { createHash } from 'node:crypto';
import type { SQL } from 'drizzle-orm';
import type { WalkRow } from '../../../drizzle/schema';
import { JobUsageError } from '../jobUsageError';
import { columnName, rendered, tableText } from '../names';
import { saysLess, sortAlike } from './collations';
import { anotherOne, identityOf } from './identity';
import type { DescribedKey, Walked } from './key';
import { stillMean } from './labels';

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
 * There is one for labels only where the key holds an enum, and one for collations only where it has any.
 */
export function asFound(key: DescribedKey): Shape {
  const types = key.columns.map(({ qualifiedType, collation }) =>
    collation ? `${qualifiedType} ${collation}` : qualifiedType,
  );
  const { labels, collations } = key;
  return {
    schema: key.tableName,
    types: types.join(', '),
    identity: identityOf(key),
    ...(collations.length > 0 && { collations: JSON.stringify(collations) }),
    ...(labels && { labels: JSON.stringify(labels.values) }),
  };
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
  const changed = aspects.filter((aspect) => !isSame(aspect, walk.shape[aspect], shape[aspect]));
  if (changed.length === 0) return;
  const names = changed.map((aspect) => nameOf(aspect, walk.shape[aspect], shape[aspect]));
  throw new JobUsageError(
    `walk '${walk.name}' of ${walk.migration} can't go on. This has changed since it began: ` +
      `${names.join(', ')}. Change it back (a value such as the current time must not differ ` +
      "between attempts), or begin a new walk under another 'name'",
  );
}

function isSame(aspect: string, stored: string | undefined, now: string | undefined): boolean {
  const compare = COMPARED[aspect];
  // Walks of older versions have not stored these.
  return compare ? !stored || !now || compare(stored, now) : stored === now;
}

/** The aspects of a shape that passes {@link requireShape} and says more than the stored one. */
export function newlyFound(stored: Shape, now: Shape): Shape {
  const news = Object.entries(now).filter(
    ([aspect, value]) =>
      COMPARED[aspect] &&
      stored[aspect] !== value &&
      // A version is not forgotten because the library gives none at the moment.
      !(aspect === 'collations' && stored[aspect] && saysLess(value)),
  );
  return Object.fromEntries(news);
}

/** Aspects that may differ as text and mean the same. */
const COMPARED: Readonly<Record<string, (stored: string, now: string) => boolean>> = {
  labels: stillMean,
  collations: sortAlike,
  identity: (stored, now) => anotherOne(stored, now) === undefined,
};

function nameOf(aspect: string, stored = '', now = ''): string {
  if (aspect === 'labels') return 'labels of the enum';
  if (aspect === 'collations') return 'collation of the key (what it is, or its version)';
  return aspect === 'identity' ? `${anotherOne(stored, now)} (another one has its name)` : aspect;
}
