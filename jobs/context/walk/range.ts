import { type SQL, sql } from 'drizzle-orm';
import { collated } from '../catalogColumns';
import type { Key } from './key';
import { compared } from './operators';

/** A key's values as text, in the order of its columns. */
export type KeyValues = readonly string[];

/** Part of a walk: the rows behind `after` (null: from the first on) up to and with `upto`. */
export interface Range {
  readonly after: KeyValues | null;
  readonly upto: KeyValues;
  /** Rows in it when it was looked up, whether they match the walk's condition or not. */
  readonly rows: number;
  /** Those of them that match. */
  readonly matching: number;
}

/** The condition for rows behind `after` and up to `upto`, in the walk's order. */
export function within(key: Key, { after, upto }: Pick<Range, 'after' | 'upto'>): SQL {
  const columns = key.columns.map(({ column }) => sql`${column}`);
  const [behind, ahead] = key.descending
    ? (['less', 'greater'] as const)
    : (['greater', 'less'] as const);
  const end = values(key, upto);
  const until = sql`${compared(key.columns, columns, end, ahead, true)}${firstColumn(key, end, ahead)}`;
  if (!after) return until;
  const start = values(key, after);
  return sql`${compared(key.columns, columns, start, behind, false)}${firstColumn(key, start, behind)}
    and ${until}`;
}

/**
 * Says again of the first column what the comparison of rows says: the planner estimates rows badly
 * (500 times too many were seen), and a single column well.
 */
function firstColumn(key: Key, bound: readonly SQL[], side: 'less' | 'greater'): SQL {
  const [first, ...more] = key.columns;
  if (!first || more.length === 0) return sql``;
  const operator = first.operators[`${side}OrEqual` as const];
  return sql` and ${first.column} ${sql.raw(operator)} ${bound[0]}`;
}

/** `ORDER BY` of the walk, or the other way round. */
export function inOrder(key: Key, expressions: readonly SQL[], backwards = false): SQL {
  const direction = key.descending !== backwards ? sql` desc` : sql``;
  return sql.join(
    expressions.map((expression) => sql`${expression}${direction}`),
    sql`, `,
  );
}

/** A stored key's columns with type and collation, fit for sorting; `stored` is a text[] column. */
export function typed(key: Key, stored: SQL): SQL[] {
  return key.columns.map((column, index) =>
    collated(
      sql`(${stored})[${sql.raw(String(index + 1))}]::${sql.raw(column.qualifiedType)}`,
      column,
    ),
  );
}

/** Through text to the exact type: no value passes through a JavaScript number or Date. */
function values(key: Key, texts: KeyValues): SQL[] {
  return key.columns.map(
    ({ qualifiedType }, index) => sql`${texts[index]}::text::${sql.raw(qualifiedType)}`,
  );
}
