/**
 * How much is done, from 0 to just below 100 (99, or 99.9 with one decimal). The total may be an
 * estimate that is too small, so 100 is kept for work that has ended.
 * @returns null when the total is unknown
 */
export function percent(done: number, total: number | null, decimals = 0): number | null {
  // An application's own UPDATE can store any number.
  if (total === null || total <= 0) return null;
  const scale = 10 ** decimals;
  // Multiplied first: 29 / 100 * 100 is less than 29.
  const steps = Math.floor((done * 100 * scale) / total);
  return Math.min(100 * scale - 1, Math.max(0, steps)) / scale;
}
