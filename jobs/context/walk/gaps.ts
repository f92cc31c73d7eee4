import type { WalkRow } from '../../../drizzle/schema';
import type { Gap } from './boundary';
import type { KeyValues } from './range';
import type { Finished } from './store';

/**
 * Splits a walk from its low-water mark to its upper bound into finished ranges and the gaps
 * between them, in order.
 */
export function gapsAndFinished(
  walk: Pick<WalkRow, 'lowWaterMark' | 'upperBound'>,
  finished: readonly Finished[],
): (Gap | Finished)[] {
  const parts: (Gap | Finished)[] = [];
  let position: KeyValues | null = walk.lowWaterMark;
  for (const range of finished) {
    // A range begins with the very text that the one before ended with, so texts can be compared.
    if (range.after && !sameKey(range.after, position)) {
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
