import type { Moment } from './backfill';

type Done = Pick<Moment, 'at' | 'done'>;

/** Rows done at a time. Between two reports it is in proportion. NaN before the first one. */
export function doneAt(moments: readonly Done[], at: number): number {
  let before: Done | undefined;
  // The last one counts of those at the same time.
  for (const after of moments) {
    if (after.at > at) {
      if (!before) return Number.NaN;
      const part = (at - before.at) / (after.at - before.at);
      return before.done + part * (after.done - before.done);
    }
    before = after;
  }
  return before?.done ?? Number.NaN;
}

/** Rows per second between two times in milliseconds. */
export function rate(moments: readonly Done[], from: number, until: number): number {
  return ((doneAt(moments, until) - doneAt(moments, from)) * 1_000) / (until - from);
}

/** The rate of each of these time slots. A course of thousands of reports is read just once. */
export function rates(
  moments: readonly Done[],
  from: number,
  until: number,
  slot: number,
): number[] {
  const found: number[] = [];
  let index = 0;
  let before = doneAt(moments, from);
  for (let at = from + slot; at <= until; at += slot) {
    while (index < moments.length && (moments[index]?.at ?? 0) <= at) index += 1;
    const done = doneAt(moments.slice(Math.max(0, index - 1), index + 1), at);
    found.push(((done - before) * 1_000) / slot);
    before = done;
  }
  return found;
}
