import type { Sql } from '../../drizzle/connect';
import { SCHEMA } from '../../drizzle/schema';
import { durationText } from '../../settings/duration';
import { type Finding, ok, warning } from '../../worker/health/finding';

/** A smaller difference does no harm, because waits take seconds. Milliseconds. */
const HARMLESS = 2_000;

/** Compares this machine's clock with the database's. */
export async function checkClock(sql: Sql, clock = Date.now): Promise<Finding> {
  // The connection is open by now, so the round trip is short.
  const before = clock();
  const [row] = await sql<{ now: string }[]>`
    select extract(epoch from clock_timestamp()) * 1000 as now`;
  const after = clock();
  const difference = Number(row?.now) - (before + after) / 2;
  if (Math.abs(difference) - (after - before) / 2 <= HARMLESS) {
    return ok('clock', 'this machine and the database agree');
  }
  const which = difference > 0 ? 'behind' : 'ahead of';
  return warning(
    'clock',
    `this machine is ${durationText(Math.abs(difference))} ${which} the database`,
    "set both by NTP; lrm itself uses only the database's clock",
  );
}

/** Temporal's clock shows in the times at which it scheduled attempts: none may be in the future. */
export async function checkTemporalClock(sql: Sql): Promise<Finding[]> {
  const [row] = await sql<{ ahead: string | null }[]>`
    select extract(epoch from max(claim_scheduled_at) - now()) * 1000 as ahead
    from ${sql(SCHEMA)}.migrations`;
  const ahead = Number(row?.ahead ?? 0);
  if (ahead <= HARMLESS) return [];
  return [
    warning(
      'clock',
      `an attempt was scheduled by Temporal ${durationText(ahead)} in the database's future`,
      "set the clock of Temporal's server by NTP",
    ),
  ];
}
