import { type SQL, sql } from 'drizzle-orm';
import { inlined, statement } from '../../../drizzle/statement';
import { inFlights } from '../../../drizzle/transaction';
import type { Database, Transaction } from '../attempt';
import type { Key } from './key';
import { equal, inOrder, type KeyValues, type Part, type Range, within } from './range';
import { requireVersion, tableState } from './tableState';

/** The part of a walk after one key and up to another. `after` is null at the first key. */
export interface Gap {
  readonly after: KeyValues | null;
  readonly upto: KeyValues;
}

/** A key as text in `t0`, `t1` …, and numbers. */
export type KeyRow = Record<string, string> & { readonly atEnd?: boolean };

/** The last key in the walk's order. Null when the table is empty. */
export async function lastKey(db: Database, key: Key): Promise<KeyValues | null> {
  const columns = key.columns.map(({ column }) => sql`${column}`);
  const [found] = await queryAlongIndex(
    db,
    key,
    sql`select ${asText(key)} from (
      select ${named(key)} from ${sql.raw(key.tableName)} order by ${inOrder(key, columns, true)} limit 1) b`,
  );
  return found ? textsOf(key, found) : null;
}

/** How much one look-up may read and give. */
export interface LookUpLimits {
  /** Rows to match in a range. */
  readonly size: number;
  /** Ranges. */
  readonly ranges: number;
  /** Keys to read. */
  readonly keys: number;
}

/**
 * The next ranges in a gap: each up to `size` rows that match `where`, all of them in at most `keys`
 * keys. A range ends at a key that exists, so numbers that are not used cost nothing. When fewer rows
 * are left than one range may have, the one range ends at the gap's end.
 */
export async function nextRanges(
  db: Database,
  key: Key,
  where: SQL | undefined,
  gap: Gap,
  { size, ranges, keys }: LookUpLimits,
): Promise<Range[]> {
  const found = await queryAlongIndex(db, key, boundaries(key, where, gap, { size, ranges, keys }));
  if (found.length === 0) {
    const [rest] = await queryAlongIndex(db, key, remaining(key, where, gap));
    return [{ ...gap, rows: Number(rest?.['rows']), matching: Number(rest?.['matching']) }];
  }
  let before = { after: gap.after, rows: 0, matching: 0 };
  return found.map((row) => {
    const upto = valuesOf(key, gap, row);
    const [rows, matching] = [Number(row['rows']), Number(row['matching'])];
    const range = {
      after: before.after,
      upto,
      rows: rows - before.rows,
      matching: matching - before.matching,
    };
    before = { after: upto, rows, matching };
    return range;
  });
}

/**
 * Finds the keys at which the ranges end, with the rows up to there. Finds nothing when fewer than
 * `size` rows of the gap match. One scan finds many: with small batches, a look-up for each would
 * cost as much as the batch.
 */
export function boundaries(
  key: Key,
  where: SQL | undefined,
  gap: Gap,
  { size, ranges, keys }: LookUpLimits,
): SQL {
  const columns = key.columns.map(({ column }) => sql`${column}`);
  const names = key.columns.map((_, index) => sql.raw(`k${index}`));
  const order = inOrder(key, names);
  const matches = where ? sql`, (${where}) as matches` : sql``;
  const matching = where
    ? sql`, count(*) filter (where matches) over (order by ${order} rows unbounded preceding) as matching`
    : sql``;
  const isEnd = where
    ? sql`(b.matches and b.matching % ${size} = 0) or b.rows = ${keys}`
    : sql`b.rows % ${size} = 0`;
  // The casts to text are in the outer query. In the inner one they would be made for every key
  // that is passed over, and ORDER BY could sort by the text instead of the key.
  return sql`select ${asText(key, gap)}, b.rows, ${where ? sql`b.matching` : sql`b.rows as matching`} from (
    select k.*, row_number() over (order by ${order}) as rows ${matching}
    from (
      select ${named(key)} ${matches} from ${sql.raw(key.tableName)} where ${within(key, gap)}
      order by ${inOrder(key, columns)} limit ${where ? keys : Math.min(keys, size * ranges)}) k) b
    where ${isEnd} order by ${order} limit ${ranges}`;
}

/** Counts the rows of a gap in which {@link boundaries} found nothing: fewer than one look-up reads. */
export function remaining(key: Key, where: SQL | undefined, gap: Gap): SQL {
  const matching = where ? sql`count(*) filter (where ${where})` : sql`count(*)`;
  return sql`select count(*) as rows, ${matching} as matching from ${sql.raw(key.tableName)}
    where ${within(key, gap)}`;
}

/**
 * Runs look-ups along the key's index, also where the planner's statistics are old: a walk that sorts
 * the rest of a huge table for each batch would never end. The settings also make the text of a key
 * the same in every session.
 * @throws TableChanged when the table is no longer as it was when the key was looked up
 */
export async function alongIndex<T>(
  db: Database,
  key: Key,
  look: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const { result } = await inFlights(db, {
    first: [inlined(db, alongIndexOf(key))],
    body: async (tx, [state]) => {
      requireVersion(key, state?.[0]);
      return look(tx);
    },
  });
  return result;
}

/** One query in an {@link alongIndex}, without a round trip of its own. */
async function queryAlongIndex(db: Database, key: Key, query: SQL): Promise<readonly KeyRow[]> {
  const { result } = await inFlights(db, {
    first: [inlined(db, alongIndexOf(key)), statement(db, query)],
    body: async (_, [state, rows = []]) => {
      requireVersion(key, state?.[0]);
      return rows;
    },
  });
  return result as readonly KeyRow[];
}

// A look-up comes with another key each time, and a plan for any key could read the whole table.
const ALONG_INDEX = sql`select set_config('enable_seqscan', 'off', true),
  set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),
  set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true),
  set_config('DateStyle', 'ISO', true), set_config('IntervalStyle', 'postgres', true),
  set_config('extra_float_digits', '1', true)`;

const alongIndexOf = (key: Key): SQL => sql`${ALONG_INDEX}, ${tableState(key)}`;

/**
 * The keys of the rows of a part that match, at most `atMost`. It changes settings until the
 * transaction ends, so no code of the author may run in it afterwards.
 */
export async function keysOf(
  tx: Transaction,
  key: Key,
  where: SQL | undefined,
  part: Part,
  atMost: number,
): Promise<KeyValues[]> {
  await tx.execute(ALONG_INDEX);
  const condition = where ? sql`${within(key, part)} and (${where})` : within(key, part);
  const columns = key.columns.map(({ column }) => sql`${column}`);
  const rows = await tx.execute<KeyRow>(sql`select ${asText(key)} from (
    select ${named(key)} from ${sql.raw(key.tableName)} where ${condition}
    order by ${inOrder(key, columns)} limit ${atMost}) b`);
  return rows.map((row) => textsOf(key, row));
}

/** The key's columns, as k0, k1 … */
export function named(key: Key): SQL {
  return list(key, (index, column) => sql`${column} as ${sql.raw(`k${index}`)}`);
}

/** The key's columns as text, and whether they are the end of the gap. */
export function asText(key: Key, gap?: Gap): SQL {
  const texts = list(key, (index) => sql.raw(`b.k${index}::text as t${index}`));
  if (!gap) return texts;
  const found = key.columns.map((_, index) => sql.raw(`b.k${index}`));
  return sql`${texts}, ${equal(key, found, gap.upto)} as "atEnd"`;
}

function list(key: Key, part: (index: number, column: SQL) => SQL): SQL {
  return sql.join(
    key.columns.map(({ column }, index) => part(index, sql`${column}`)),
    sql`, `,
  );
}

/**
 * The key that was found. For the end of the gap it is the text that is stored already: keys that
 * are equal can differ as text (10 and 10.0), and ranges adjoin by their texts.
 */
export function valuesOf(key: Key, gap: Gap, row: KeyRow): KeyValues {
  return row.atEnd ? gap.upto : textsOf(key, row);
}

function textsOf(key: Key, row: KeyRow): KeyValues {
  return key.columns.map((_, index) => row[`t${index}`] as string);
}
