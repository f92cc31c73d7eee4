import type { Moment } from '../backfill';
import { mean, median } from '../figures';
import type { Phase } from '../load/schedule';
import type { Sample } from '../load/thread';
import { rate, rates } from '../rate';

/** The application may be slowed down by this factor: the default of `throttle: { slowdown }`. */
export const BUDGET = 1.2;
/** Of a backfill's own speed when nobody is there. */
const FULL = 0.9;
/** Long enough for the mean of some hundred transactions. */
const WINDOW_MS = 2_000;
const STEP_MS = 250;
const SECOND = 1_000;

/** A phase with its place in time, in milliseconds. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

export function spans(phases: readonly Phase[]): Span[] {
  let from = 0;
  return phases.map(({ ms }) => {
    from += ms;
    return { from: from - ms, until: from };
  });
}

/** Milliseconds of the transactions that were due in this time. */
export const within = (samples: readonly Sample[], { from, until }: Span): number[] =>
  samples.filter(({ at }) => at >= from && at < until).map(({ ms }) => ms);

/**
 * Seconds after the load's step until the application is within the budget: the mean of its
 * transactions is at most BUDGET times that of the same phase without a backfill, both in the next
 * two seconds and in all that is left of the phase. Two seconds alone can be good luck. Infinity:
 * never in this phase.
 */
export function untilWithinBudget(
  samples: readonly Sample[],
  alone: readonly Sample[],
  phase: Span,
): number {
  const limit = BUDGET * mean(within(alone, phase));
  for (let from = phase.from; from + WINDOW_MS <= phase.until; from += STEP_MS) {
    const ends = [from + WINDOW_MS, phase.until];
    if (ends.every((until) => mean(within(samples, { from, until })) <= limit)) {
      return (from - phase.from) / SECOND;
    }
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * Seconds after the load's end until a backfill is back at the speed that it had before the load
 * came: the first second with FULL of it. Infinity: never. NaN: the table was done before the end.
 */
export function untilFullSpeed(moments: readonly Moment[], before: Span, after: Span): number {
  const last = moments.at(-1)?.at ?? 0;
  const full = fullSpeed(moments, before);
  for (let from = after.from; from + SECOND <= Math.min(last, after.until); from += STEP_MS) {
    if (rate(moments, from, from + SECOND) >= FULL * full) return (from - after.from) / SECOND;
  }
  return last < after.until - SECOND ? Number.NaN : Number.POSITIVE_INFINITY;
}

/** The median second of the later half: a loop has to find its speed first. */
function fullSpeed(moments: readonly Moment[], { from, until }: Span): number {
  return median(rates(moments, (from + until) / 2, until, SECOND));
}

/** Rows per second in a phase. NaN when the table was done before its end. */
export function speedIn(moments: readonly Moment[], { from, until }: Span): number {
  const last = moments.at(-1)?.at ?? 0;
  const begin = Math.max(from, moments[0]?.at ?? 0);
  return last < until - SECOND ? Number.NaN : rate(moments, begin, until);
}
