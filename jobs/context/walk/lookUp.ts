import type { SQL } from 'drizzle-orm';
import type { Attempt } from '../attempt';
import { backOff, TRIES_AT_MOST } from './backOff';
import { type Gap, KEYS_PER_LOOKUP, nextRange } from './boundary';
import { nextGroups } from './groups';
import type { Key } from './key';
import type { Range } from './range';
import { troubleOf } from './trouble';

/**
 * Looks up the next range in a gap: up to `size` rows that match `where`, or whole groups. A look-up
 * that times out is tried again, and reads half as many keys.
 */
export async function lookUp(
  { db, signal }: Pick<Attempt, 'db' | 'signal'>,
  key: Key,
  where: SQL | undefined,
  gap: Gap,
  size: number,
): Promise<Range> {
  const next = key.grouped ? nextGroups : nextRange;
  for (let failures = 0; ; ) {
    const keys = Math.ceil(KEYS_PER_LOOKUP / 2 ** failures);
    try {
      return await next(db, key, where, gap, Math.min(keys, size), keys);
    } catch (error) {
      failures += 1;
      if (!troubleOf(error) || failures >= TRIES_AT_MOST) throw error;
      await backOff(failures, signal);
    }
  }
}
