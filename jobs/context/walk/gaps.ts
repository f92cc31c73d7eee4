import type { WalkRow } from '../../../drizzle/schema';
import type { Gap } from './boundary';
import { overlapError } from './overlap';
import type { KeyValues } from './range';
import type { Finished } from './store';

/**
 * Splits a walk from its low-water mark to its upper bound into finished ranges and the gaps
 * between them, in order.
 * @throws JobUsageError when ranges overlap.
 */
export function gapsAndFinished(
  walk: Pick<WalkRow, 'migration' | 'name' | 'lowWaterMark' | 'upperBound'>,
  finished: readonly Finished[],
): (Gap | Finished)[] {
  const parts: (Gap | Finished)[] = [];
  let position: KeyValues | null = walk.lowWaterMark;
  for (const range of finished) {
    // A range begins with the very text that the one before ended with, so texts can be compared.
    if (!sameKey(range.after, position)) {
      // Only the first range can begin at the first key.
      if (!range.after) throw overlapError(walk);
      parts.push({ after: position, upto: range.after });
    }
    parts.push(range);
    position = range.upto;
  }
  if (walk.upperBound && !sameKey(walk.upperBound, position)) {
    parts.push({ after: position, upto: walk.upperBound });
  }
  return parts;
}

/** Whether two keys are the same text. */
export function sameKey(one: KeyValues | null, other: KeyValues | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
