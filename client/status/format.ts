import { durationText } from '../../settings/duration';

/** 12345678 → '12,345,678', wherever it is read. */
export const count = (rows: number): string => Math.round(rows).toLocaleString('en-US');

/** Rows a second: 0.4 and 12,345. */
export const rate = (rows: number): string => (rows < 10 ? rows.toFixed(1) : count(rows));

/** Seconds to '2 h 5 min' or '8 s'. */
export const seconds = (total: number): string => durationText(total * 1000);

/**
 * '2026-11-22 17:03:11+01': in the reader's own time zone, as Postgres writes it.
 * @param east minutes east of Greenwich; default: the reader's
 */
export function time(date: Date, east = -date.getTimezoneOffset()): string {
  // Postgres has times that JavaScript lacks: infinity.
  if (Number.isNaN(date.getTime())) return 'unknown';
  const local = new Date(date.getTime() + east * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ') + zone(east);
}

/** The first line, cut to `width` characters. */
export function oneLine(text: string, width: number): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line;
}

/** Minutes east of Greenwich to '+01' or '+05:30'. */
function zone(minutes: number): string {
  const absolute = Math.abs(minutes);
  const hours = String(Math.floor(absolute / 60)).padStart(2, '0');
  const rest = absolute % 60 === 0 ? '' : `:${String(absolute % 60).padStart(2, '0')}`;
  return `${minutes < 0 ? '-' : '+'}${hours}${rest}`;
}
