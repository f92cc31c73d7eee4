import { type SQL, sql } from 'drizzle-orm';
import type { WalkRow } from '../../../drizzle/schema';
import { JobUsageError } from '../jobUsageError';
import { arrayLiteral } from '../literal';
import type { Key } from './key';
import { compared } from './operators';
import { type KeyValues, typed } from './range';

/**
 * Whether a stored range begins before the end of the one that precedes it (the first one: before
 * the low-water mark), or ends after the end of the walk. Some rows would then be done twice or
 * never.
 * @param stored the columns of the range, and the end of the one that precedes it
 */
export function misplaced(
  key: Key,
  walk: Pick<WalkRow, 'upperBound'>,
  stored: { readonly after: SQL; readonly upto: SQL; readonly previous: SQL },
): SQL<boolean> {
  const [behind, ahead] = key.descending
    ? (['less', 'greater'] as const)
    : (['greater', 'less'] as const);
  const [after, upto, previous] = [stored.after, stored.upto, stored.previous].map((each) =>
    typed(key, each),
  ) as [SQL[], SQL[], SQL[]];
  const end = typed(key, literal(walk.upperBound));
  return sql<boolean>`(
    coalesce(${compared(key.columns, after, previous, ahead, false)},
      ${stored.after} is null and ${stored.previous} is not null)
    or coalesce(${compared(key.columns, upto, end, behind, false)}, true))`;
}

/** The error for a walk with {@link misplaced} ranges. Each attempt would find the same. */
export function overlapError({ migration, name }: Pick<WalkRow, 'migration' | 'name'>): Error {
  return new JobUsageError(
    `the stored ranges of walk '${name}' of ${migration} overlap or reach past its end: they were ` +
      'changed by hand, or the order of the keys has changed (a new version of a collation). ' +
      'Put them right, or begin again with --from-start if the job may repeat what it did',
  );
}

const literal = (key: KeyValues | null): SQL => sql`${key && arrayLiteral(key)}::text[]`;
