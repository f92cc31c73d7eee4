import { type SQL, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../attempt';
import type { Key } from './key';
import { equal, inOrder, type KeyValues, type Part, type Range, within } from './range';

/**
 * One look-up reads at most this many keys. So it ends within a fraction of a second even where
 * only one row in a million matches. The range then ends at the last key that was read.
 */
export const KEYS_PER_LOOKUP = 50_000;

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
  const [found] = await alongIndex(db, (tx) =>
    tx.execute<KeyRow>(sql`select ${asText(key)} from (
      select ${named(key)} from ${sql.raw(key.tableName)} order by ${inOrder(key, columns, true)} limit 1) b`),
  );
  return found ? textsOf(key, found) : null;
}

/**
 * The next range in a gap: up to `size` rows that match `where`, in at most `keys` keys. A range
 * ends at a key that exists, so numbers that are not used cost nothing. When no row is left, the
 * range has no rows and ends at the gap's end.
 */
export function nextRange(
  db: Database,
  key: Key,
  where: SQL | undefined,
  gap: Gap,
  size: number,
  keys = KEYS_PER_LOOKUP,
): Promise<Range> {
  return alongIndex(db, async (tx) => {
    const [found] = await tx.execute<KeyRow>(boundary(key, where, gap, size, keys));
    if (found) {
      const { rows = size, matching = size } = found;
      const upto = valuesOf(key, gap, found);
      return { after: gap.after, upto, rows: Number(rows), matching: Number(matching) };
    }
    const [rest] = await tx.execute<KeyRow>(remaining(key, where, gap));
    return { ...gap, rows: Number(rest?.['rows']), matching: Number(rest?.['matching']) };
  });
}

/**
 * Finds the key at which the range ends. Finds nothing when fewer than `size` rows of the gap
 * match.
 */
export function boundary(
  key: Key,
  where: SQL | undefined,
  gap: Gap,
  size: number,
  keys = KEYS_PER_LOOKUP,
): SQL {
  const inOrderOfKey = inOrder(
    key,
    key.columns.map(({ column }) => sql`${column}`),
  );
  // The casts to text are in the outer query. In the inner one they would be made for every key
  // that is passed over, and ORDER BY could sort by the text instead of the key.
  if (!where) {
    return sql`select ${asText(key, gap)} from (
      select ${named(key)} from ${sql.raw(key.tableName)} where ${within(key, gap)}
      order by ${inOrderOfKey} offset ${size - 1} limit 1) b`;
  }
  const names = key.columns.map((_, index) => sql.raw(`k${index}`));
  return sql`select ${asText(key, gap)}, b.rows, b.matching from (
    select k.*, row_number() over (order by ${inOrder(key, names)}) as rows,
      count(*) filter (where matches)
        over (order by ${inOrder(key, names)} rows unbounded preceding) as matching
    from (
      select ${named(key)}, (${where}) as matches from ${sql.raw(key.tableName)} where ${within(key, gap)}
      order by ${inOrderOfKey} limit ${keys}) k) b
    where b.matching >= ${size} or b.rows >= ${keys}
    order by ${inOrder(key, names)} limit 1`;
}

/** Counts the rows of a gap in which {@link boundary} found nothing: fewer than one look-up reads. */
export function remaining(key: Key, where: SQL | undefined, gap: Gap): SQL {
  const matching = where ? sql`count(*) filter (where ${where})` : sql`count(*)`;
  return sql`select count(*) as rows, ${matching} as matching from ${sql.raw(key.tableName)}
    where ${within(key, gap)}`;
}

/**
 * Runs look-ups along the key's index, also where the planner's statistics are old: a walk that
 * sorts the rest of a huge table for each batch would never end. The settings also make the text of
 * a key the same in every session.
 */
export function alongIndex<T>(db: Database, look: (tx: Transaction) => PromiseLike<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute(ALONG_INDEX);
    return look(tx);
  });
}

const ALONG_INDEX = sql`select set_config('enable_seqscan', 'off', true),
  set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),
  set_config('DateStyle', 'ISO', true), set_config('IntervalStyle', 'postgres', true),
  set_config('extra_float_digits', '1', true)`;

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
