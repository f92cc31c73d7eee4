import type { Seen } from './lawState';

/** More lanes than before, to see whether they do more rows. */
export interface LaneTrial {
  /** The number of lanes before it. */
  readonly lanes: number;
  readonly rowsPerSecond: number;
  readonly begunAt: number;
}

/** What earlier trials have shown. */
export interface Trials {
  /** No trial begins before this time. Milliseconds. */
  readonly notBefore: number;
  /** How long the last failed one keeps the next from beginning. Milliseconds. */
  readonly wait: number;
}

/** Rows of a second are a mean of a second, and the first of them come only after a batch. Milliseconds. */
const TAKES = 2_000;
/** With nobody there, a wrong answer does no harm: the sooner all lanes work, the better. */
const TAKES_ALONE = 1_000;
/** Of long batches, rows are a mean of two, and the last ones have not ended yet. */
const CYCLES = 3;
/** Less is not worth a further session, or is chance. */
const MORE = 1.1;
const MORE_ALONE = 1.05;
/** After a trial that has failed. Each one doubles it. Milliseconds. */
const WAIT_AT_FIRST = 15_000;
const WAIT_AT_MOST = 240_000;

export const beginTrial = (lanes: number, rowsPerSecond: number, now: number): LaneTrial => ({
  lanes,
  rowsPerSecond,
  begunAt: now,
});

/** Whether the trial has worked. Undefined: it is too early to say. */
export function verdict(
  { begunAt, rowsPerSecond: before }: LaneTrial,
  { rowsPerSecond, cycleMs, now }: Seen,
  alone: boolean,
): boolean | undefined {
  const takes = Math.max(alone ? TAKES_ALONE : TAKES, CYCLES * cycleMs);
  if (now - begunAt < takes) return undefined;
  return rowsPerSecond >= before * (alone ? MORE_ALONE : MORE);
}

export const mayTry = ({ notBefore }: Trials, now: number): boolean => now >= notBefore;

export function endTrial({ wait }: Trials, worked: boolean, now: number): Trials {
  if (worked) return { notBefore: now, wait: 0 };
  const longer = Math.min(WAIT_AT_MOST, Math.max(WAIT_AT_FIRST, wait * 2));
  return { notBefore: now + longer, wait: longer };
}
