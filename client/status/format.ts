/** 12345678 → '12,345,678', wherever it is read. */
export const count = (rows: number): string => Math.round(rows).toLocaleString('en-US');

/** Rows a second: 0.4 and 12,345. */
export const rate = (rows: number): string => (rows < 10 ? rows.toFixed(1) : count(rows));

/** Seconds to '3 d 4 h', '2 h 5 min', '3 min 20 s' or '8 s': two units say enough. */
export function seconds(total: number): string {
  const whole = Math.round(total);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/** '2026-11-22 17:03:11', in the reader's own time zone. */
export function time(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}

/** The first line, cut to `width` characters. */
export function oneLine(text: string, width: number): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line;
}
