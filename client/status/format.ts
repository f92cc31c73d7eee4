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

/** Minutes east of Greenwich to '+01' or '+05:30'. */
function zone(minutes: number): string {
  const absolute = Math.abs(minutes);
  const hours = String(Math.floor(absolute / 60)).padStart(2, '0');
  const rest = absolute % 60 === 0 ? '' : `:${String(absolute % 60).padStart(2, '0')}`;
  return `${minutes < 0 ? '-' : '+'}${hours}${rest}`;
}
