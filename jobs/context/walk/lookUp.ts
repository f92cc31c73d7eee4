import type { Attempt } from '../attempt';
import { backOff, TRIES_AT_MOST } from './backOff';
import { type Gap, KEYS_PER_LOOKUP, nextRange } from './boundary';
import type { Range } from './range';
import type { TableWalk } from './tableWalk';
import { troubleOf } from './trouble';

/** Looks the next boundary up; where that times out, looks less far. */
export async function lookUp(
  { db, signal }: Attempt,
  { key, where }: Pick<TableWalk, 'key' | 'where'>,
  gap: Gap,
  size: number,
): Promise<Range> {
  for (let failures = 0; ; ) {
    const keys = Math.ceil(KEYS_PER_LOOKUP / 2 ** failures);
    try {
      return await nextRange(db, key, where, gap, Math.min(keys, size), keys);
    } catch (error) {
      failures += 1;
      if (!troubleOf(error) || failures >= TRIES_AT_MOST) throw error;
      await backOff(failures, signal);
    }
  }
}
