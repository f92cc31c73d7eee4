import { type SQL, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../attempt';
import type { Key } from './key';
import { inOrder, type KeyValues, type Range, within } from './range';

/**
 * Keys looked at for one boundary, at most: where only one row in a million matches, the look-up
 * still ends within a fraction of a second, and the range goes as far as it came.
 */
export const KEYS_PER_LOOKUP = 50_000;

/** Between two keys of a walk. */
export interface Gap {
  readonly after: KeyValues | null;
  readonly upto: KeyValues;
}

type KeyRow = Record<string, string>;

/** The last key in the walk's order; null when the table is empty. */
export async function lastKey(db: Database, key: Key): Promise<KeyValues | null> {
  const columns = key.columns.map(({ column }) => sql`${column}`);
  const [found] = await alongIndex(db, (tx) =>
    tx.execute<KeyRow>(sql`select ${asText(key)} from (
      select ${named(key)} from ${sql.raw(key.tableName)} order by ${inOrder(key, columns, true)} limit 1) b`),
  );
  return found ? valuesOf(key, found) : null;
}

/**
 * The next range in a gap: up to `size` rows that match `where`, among `keys` keys. A boundary is a
 * key that exists, so gaps between keys cost nothing. Where nothing is left, a range without rows
 * up to the gap's end.
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
      const upto = valuesOf(key, found);
      return { after: gap.after, upto, rows: Number(rows), matching: Number(matching) };
    }
    const [rest] = await tx.execute<KeyRow>(remaining(key, where, gap));
    return { ...gap, rows: Number(rest?.['rows']), matching: Number(rest?.['matching']) };
  });
}

/** Finds the boundary's key, or no row when fewer than `size` match in what is left of the gap. */
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
  // The casts to text stand outside: inside, they would be made for every key passed over, and an
  // ORDER BY could mistake the text for the key.
  if (!where) {
    return sql`select ${asText(key)} from (
      select ${named(key)} from ${sql.raw(key.tableName)} where ${within(key, gap)}
      order by ${inOrderOfKey} offset ${size - 1} limit 1) b`;
  }
  const names = key.columns.map((_, index) => sql.raw(`k${index}`));
  return sql`select ${asText(key)}, b.rows, b.matching from (
    select k.*, row_number() over (order by ${inOrder(key, names)}) as rows,
      count(*) filter (where matches)
        over (order by ${inOrder(key, names)} rows unbounded preceding) as matching
    from (
      select ${named(key)}, (${where}) as matches from ${sql.raw(key.tableName)} where ${within(key, gap)}
      order by ${inOrderOfKey} limit ${keys}) k) b
    where b.matching >= ${size} or b.rows >= ${keys}
    order by ${inOrder(key, names)} limit 1`;
}

/** Counts what {@link boundary} left: fewer rows than it looked at. */
function remaining(key: Key, where: SQL | undefined, gap: Gap): SQL {
  const matching = where ? sql`count(*) filter (where ${where})` : sql`count(*)`;
  return sql`select count(*) as rows, ${matching} as matching from ${sql.raw(key.tableName)}
    where ${within(key, gap)}`;
}

/**
 * Runs look-ups so that they follow the key's index, whatever the planner makes of old statistics:
 * sorting the rest of a huge table for each batch would be the end of the walk. Their texts are
 * the same in every session.
 */
export function alongIndex<T>(db: Database, look: (tx: Transaction) => PromiseLike<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select set_config('enable_seqscan', 'off', true),
      set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),
      set_config('DateStyle', 'ISO', true), set_config('IntervalStyle', 'postgres', true),
      set_config('extra_float_digits', '1', true)`);
    return look(tx);
  });
}

function named(key: Key): SQL {
  return list(key, (index, column) => sql`${column} as ${sql.raw(`k${index}`)}`);
}

function asText(key: Key): SQL {
  return list(key, (index) => sql.raw(`b.k${index}::text as t${index}`));
}

function list(key: Key, part: (index: number, column: SQL) => SQL): SQL {
  return sql.join(
    key.columns.map(({ column }, index) => part(index, sql`${column}`)),
    sql`, `,
  );
}

function valuesOf(key: Key, row: KeyRow): KeyValues {
  return key.columns.map((_, index) => row[`t${index}`] as string);
}
