import type { SQL } from 'drizzle-orm';
import type { Attempt } from '../attempt';
import { backOff, TRIES_AT_MOST } from './backOff';
import { type Gap, nextRanges } from './boundary';
import { nextGroups } from './groups';
import type { Key } from './key';
import type { Range } from './range';
import { troubleOf } from './trouble';

/**
 * One look-up reads at most this many keys. So it ends within a fraction of a second even where
 * only one row in a million matches. The range then ends at the last key that was read.
 */
export const KEYS_PER_LOOKUP = 50_000;
/** And it gives at most so many ranges. One more would hardly make a batch cheaper. */
const RANGES_PER_LOOKUP = 50;

/**
 * Looks up the next ranges in a gap: each up to `size` rows that match `where`, or whole groups. A
 * look-up that times out is tried again, and reads half as many keys.
 */
export async function lookUp(
  { db, signal }: Pick<Attempt, 'db' | 'signal'>,
  key: Key,
  where: SQL | undefined,
  gap: Gap,
  size: number,
  ranges = RANGES_PER_LOOKUP,
): Promise<Range[]> {
  for (let failures = 0; ; ) {
    const keys = Math.ceil(KEYS_PER_LOOKUP / 2 ** failures);
    const limits = { size: Math.min(keys, size), ranges, keys };
    try {
      return key.grouped
        ? [await nextGroups(db, key, where, gap, limits)]
        : await nextRanges(db, key, where, gap, limits);
    } catch (error) {
      failures += 1;
      if (!troubleOf(error) || failures >= TRIES_AT_MOST) throw error;
      await backOff(failures, signal);
    }
  }
}
