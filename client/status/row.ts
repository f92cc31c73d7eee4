import { notes } from '../../drizzle/rows/notes';
import { type MigrationView, percentDone, secondsLeft } from '../../drizzle/rows/status';
import { plainText } from '../../settings/plainText';
import { seconds } from '../../settings/screenText';
import type { PendingAttempt, TemporalState } from '../temporal/state';

/** A migration, with what only Temporal knows about it. */
export interface StatusRow extends MigrationView {
  readonly pending: PendingAttempt | null;
  /** The pace of a running attempt, and why: '1 lane at 30 %, 50 ms batches, application 1.1 ×'. */
  readonly throttle: string | null;
  /** 0 to 100; null when the total is unknown. */
  readonly percent: number | null;
  readonly secondsLeft: number | null;
  /** Why it is not running, and what is wrong with it. What an operator needs first comes first. */
  readonly notes: readonly string[];
}

export function statusRow(view: MigrationView, temporal: TemporalState | null): StatusRow {
  const pending = temporal?.pending.get(view.migration.name) ?? null;
  const { throttle } = pending?.heartbeat ?? {};
  const current = { ...view, rowsPerSecond: rate(view, pending) };
  return {
    ...current,
    pending,
    throttle: typeof throttle === 'string' ? plainText(throttle) : null,
    percent: percentDone(view.migration),
    secondsLeft: secondsLeft(current),
    notes: notes(current, pending ? notesInTemporal(pending) : []),
  };
}

/** The attempt's own rate covers its last half minute. The view's covers the whole attempt. */
function rate(
  { live, rowsPerSecond }: MigrationView,
  pending: PendingAttempt | null,
): number | null {
  const own = live ? pending?.heartbeat?.rowsPerSecond : undefined;
  // It is a whole number, which is too coarse for a slow attempt.
  return own !== undefined && own >= 10 ? own : rowsPerSecond;
}

function notesInTemporal({ paused, pausedBy, nextAttemptAt }: PendingAttempt): string[] {
  const wait = nextAttemptAt ? (nextAttemptAt.getTime() - Date.now()) / 1000 : 0;
  return [
    ...(paused ? [`paused in Temporal${pausedBy ? ` (${pausedBy})` : ''}`] : []),
    ...(wait > 1 ? [`next attempt in ${seconds(wait)}`] : []),
  ];
}
