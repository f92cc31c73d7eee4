import { type SQL, sql } from 'drizzle-orm';
import { collated } from '../catalogColumns';
import type { Key } from './key';

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
  const [behind, upTo] = key.descending ? [sql`<`, sql`>=`] : [sql`>`, sql`<=`];
  const columns = row(key.columns.map(({ column }) => sql`${column}`));
  const until = sql`${columns} ${upTo} ${values(key, upto)}`;
  return after ? sql`${columns} ${behind} ${values(key, after)} and ${until}` : until;
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
    collated(sql`(${stored})[${sql.raw(String(index + 1))}]::${sql.raw(column.type)}`, column),
  );
}

/** Through text to the exact type: no value passes through a JavaScript number or Date. */
function values(key: Key, texts: KeyValues): SQL {
  return row(key.columns.map(({ type }, index) => sql`${texts[index]}::text::${sql.raw(type)}`));
}

function row(parts: SQL[]): SQL {
  return sql`(${sql.join(parts, sql`, `)})`;
}
