/** As Postgres counts them: 1 kB is 1024 bytes. */
const UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/**
 * Reads a size as Postgres writes it: '512 MB' or '1.5GB'.
 * @returns bytes, or undefined when it is not a size from 1 kB to 1024 TB
 */
export function size(text: string): number | undefined {
  // A number without a unit is refused: its writer may have meant megabytes.
  const [, number, unit] = /^\s*(\d{1,9}(?:\.\d{1,9})?)\s*(kB|MB|GB|TB)\s*$/i.exec(text) ?? [];
  const power = UNITS.findIndex((each) => each.toLowerCase() === unit?.toLowerCase()) + 1;
  const bytes = Math.round(Number(number) * 1024 ** power);
  return power > 0 && bytes >= 1024 && bytes <= 1024 ** 5 ? bytes : undefined;
}

/** Bytes as every screen shows them: '1.5 GB' or '320 MB'. */
export function sizeText(bytes: number): string {
  const power = Math.max(1, UNITS.findLastIndex((_, index) => bytes >= 1024 ** (index + 1)) + 1);
  const value = bytes / 1024 ** power;
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ${UNITS[power - 1]}`;
}
