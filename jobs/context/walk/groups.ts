import { type SQL, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../attempt';
import {
  alongIndex,
  asText,
  boundaries,
  type Gap,
  type KeyRow,
  type LookUpLimits,
  named,
  remaining,
  valuesOf,
} from './boundary';
import type { Key } from './key';
import { before, inOrder, type KeyValues, type Range, within } from './range';

/**
 * The next range of whole groups in a gap: as many as have up to `size` matching rows in at most
 * `keys` rows, and at least one group. The look-up reads no more than that, however large the
 * groups are: it goes past the rest of a group along the index.
 */
export function nextGroups(
  db: Database,
  key: Key,
  where: SQL | undefined,
  gap: Gap,
  { size, keys }: Pick<LookUpLimits, 'size' | 'keys'>,
): Promise<Range> {
  return alongIndex(db, key, async (tx) => {
    // The first row that is too many. Its group is left for the next range.
    const [beyond] = await tx.execute<KeyRow>(
      boundaries(key, where, gap, { size: size + 1, ranges: 1, keys: keys + 1 }),
    );
    if (!beyond) return counted(tx, key, where, gap);
    const upto = valuesOf(key, gap, beyond);
    const last = await lastBefore(tx, key, { after: gap.after, upto });
    return last
      ? counted(tx, key, where, { after: gap.after, upto: last })
      : countedUpTo(tx, key, where, { after: gap.after, upto }, keys);
  });
}

/** The last key of the gap that comes before its end. */
async function lastBefore(tx: Transaction, key: Key, gap: Gap): Promise<KeyValues | undefined> {
  const columns = key.columns.map(({ column }) => sql`${column}`);
  const [found] = await tx.execute<KeyRow>(sql`
    select ${asText(key, gap)} from (
      select ${named(key)} from ${sql.raw(key.tableName)}
      where ${within(key, gap)} and ${before(key, gap.upto)}
      order by ${inOrder(key, columns, true)} limit 1) b`);
  return found && valuesOf(key, gap, found);
}

async function counted(
  tx: Transaction,
  key: Key,
  where: SQL | undefined,
  gap: Gap,
): Promise<Range> {
  const [found] = await tx.execute<KeyRow>(remaining(key, where, gap));
  return { ...gap, rows: Number(found?.['rows']), matching: Number(found?.['matching']) };
}

/**
 * Counts the rows of one large group, but not for ever. Of a group with more rows it is not known
 * whether one of the others matches, so its batch must not be left out.
 */
async function countedUpTo(
  tx: Transaction,
  key: Key,
  where: SQL | undefined,
  group: Gap,
  most: number,
): Promise<Range> {
  const [found] = await tx.execute<KeyRow>(sql`
    select count(*) as rows, count(*) filter (where matches) as matching from (
      select (${where ?? sql`true`}) as matches from ${sql.raw(key.tableName)}
      where ${within(key, group)} limit ${most}) g`);
  const [rows, matching] = [Number(found?.['rows']), Number(found?.['matching'])];
  return { ...group, rows, matching: rows < most ? matching : Math.max(1, matching) };
}
