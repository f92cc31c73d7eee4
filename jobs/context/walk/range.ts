import { type SQL, sql } from 'drizzle-orm';
import { collated } from '../catalogColumns';
import type { Key, KeyColumn } from './key';
import { compared } from './operators';

/** A key's values as text, in the order of its columns. */
export type KeyValues = readonly string[];

/**
 * A part of a walk: the rows after `after` (null: from the first row) up to and including `upto`.
 */
export interface Range {
  readonly after: KeyValues | null;
  readonly upto: KeyValues;
  /**
   * Number of its rows at the time of the look-up, including those that don't match the walk's
   * condition.
   */
  readonly rows: number;
  /** Number of these rows that match. */
  readonly matching: number;
}

/** The row with one key. */
export interface OneRow {
  readonly only: KeyValues;
}

/** What a batch is about: a range, or a single row that was skipped before. */
export type Part = Pick<Range, 'after' | 'upto'> | OneRow;

/**
 * The condition for the rows after `after` and up to `upto`, in the walk's order, or for one row.
 */
export function within(key: Key, part: Part): SQL {
  const plain = key.columns.map(({ column }) => sql`${column}`);
  if ('only' in part) return equal(key, plain, part.only);
  const columns = comparable(key);
  const { after, upto } = part;
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
 * Repeats the comparison for the first column alone. The planner estimates a comparison of rows
 * badly (500 times too many were seen), and that of a single column well.
 */
function firstColumn(key: Key, bound: readonly SQL[], side: 'less' | 'greater'): SQL {
  const [first, ...more] = key.columns;
  if (!first || more.length === 0) return sql``;
  const operator = first.operators[`${side}OrEqual` as const];
  return sql` and ${asBase(first, sql`${first.column}`)} ${sql.raw(operator)} ${bound[0]}`;
}

/** The condition that a row's key comes before this one, in the walk's order. */
export function before(key: Key, texts: KeyValues): SQL {
  return compared(
    key.columns,
    comparable(key),
    values(key, texts),
    key.descending ? 'greater' : 'less',
    false,
  );
}

/** The condition that the expressions are equal to this key. Equal keys may differ as text. */
export function equal(key: Key, expressions: readonly SQL[], texts: KeyValues): SQL {
  const ends = values(key, texts);
  const pairs = key.columns.map(
    (column, index) =>
      sql`${asBase(column, expressions[index] ?? sql``)} ${sql.raw(column.operators.equal)} ${ends[index]}`,
  );
  return sql`(${sql.join(pairs, sql` and `)})`;
}

/** The list for `ORDER BY` in the walk's order, or in the opposite order. */
export function inOrder(key: Key, expressions: readonly SQL[], backwards = false): SQL {
  const direction = key.descending !== backwards ? sql` desc` : sql``;
  return sql.join(
    expressions.map((expression) => sql`${expression}${direction}`),
    sql`, `,
  );
}

/** The columns of a stored key with type and collation, to sort by. `stored` is a text[] column. */
export function typed(key: Key, stored: SQL): SQL[] {
  return key.columns.map((column, index) =>
    collated(sql`(${stored})[${sql.raw(String(index + 1))}]::${sql.raw(column.baseType)}`, column),
  );
}

/**
 * Values are cast from text to the exact type. A JavaScript number or Date could change them. For a
 * domain it is the type below: a stored key may not meet the domain's latest constraint, the domain
 * may have another collation than the column, and some operators don't take domains.
 */
function values(key: Key, texts: KeyValues): SQL[] {
  return key.columns.map(({ baseType }, index) => sql`${texts[index]}::text::${sql.raw(baseType)}`);
}

/** The key's columns, to compare with {@link values}. */
const comparable = (key: Key): SQL[] =>
  key.columns.map((column) => asBase(column, sql`${column.column}`));

/** Indexes can be used: such a cast changes nothing but the type's name. */
const asBase = ({ qualifiedType, baseType }: KeyColumn, expression: SQL): SQL =>
  baseType === qualifiedType ? expression : sql`${expression}::${sql.raw(baseType)}`;
