/** The value that this part of all values is below. Undefined when there are none. */
export function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

export const median = (values: readonly number[]): number | undefined => quantile(values, 0.5);
