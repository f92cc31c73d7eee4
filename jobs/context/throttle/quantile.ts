/** The value that this part of the others is not above. Undefined when there are none. */
export function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * part)];
}

/** What is longer counts as this many medians: one that was stuck must not hide all others. */
const CAP = 4;

/**
 * The mean, which a median would not do for: the harm of a backfill is that some transactions take much
 * longer. Undefined when there are no values.
 */
export function cappedMean(values: readonly number[]): number | undefined {
  const middle = median(values);
  if (middle === undefined) return undefined;
  return values.reduce((sum, each) => sum + Math.min(each, CAP * middle), 0) / values.length;
}

export const median = (values: readonly number[]): number | undefined => quantile(values, 0.5);
