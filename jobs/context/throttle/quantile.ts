/** The value that this part of the others is not above. Undefined when there are none. */
export function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * part)];
}

export const median = (values: readonly number[]): number | undefined => quantile(values, 0.5);
