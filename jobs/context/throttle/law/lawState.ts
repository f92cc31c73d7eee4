import type { Signals } from '../signals';
import type { LaneTrial, Trials } from './laneTrials';
import { type Bounds, gentlePace, type Pace } from './pace';
import { pausedAtFirst } from './pauses';

/** The pace, and what the law remembers from one time to the next. Times are in milliseconds. */
export interface LawState {
  readonly pace: Pace;
  /** Whether nobody else was there the last time. */
  readonly alone: boolean;
  /** Why the number of lanes is what it is. */
  readonly cause: string;
  /** True when all lanes should pause for a moment: what is measured then is the floor. */
  readonly wantsPause: boolean;
  /** The factor that the application is slowed down by. Undefined: not known, or nobody is there. */
  readonly slowdown: number | undefined;
  /** The same, smoothed: good enough to go up by. */
  readonly smooth: number | undefined;
  /** The same, only of what the canary has shown since the last change: good enough to go down by. */
  readonly lately: number | undefined;
  /** How many times in a row it was much more than allowed. */
  readonly timesOver: number;
  /** Transactions a second of the application, smoothed: what it did lately. Undefined: not known. */
  readonly load: number | undefined;
  /** Since when neither the canary nor the application's own times say anything. */
  readonly unknownSince: number | undefined;
  /** Since when it is much less than allowed, while batches end. */
  readonly calmSince: number | undefined;
  /** The last time that the law was asked, that the pace went up, or down, and that all paused. */
  readonly at: number;
  readonly upAt: number;
  readonly downAt: number;
  readonly pausedAt: number;
  /** When a pause was last used to tell whether rest helps, and how much the last ones have spoken for it. */
  readonly judgedAt: number;
  readonly excess: number;
  /** When somebody was back the last time, and since when nobody had been there then. */
  readonly backAt: number;
  readonly aloneAt: number;
  /** Since when nobody is there. */
  readonly emptySince: number | undefined;
  /** How long nobody must be there before full speed. It grows when somebody is back at once. */
  readonly patience: number;
  /** The pace at which it was too much the last time. */
  readonly tooMuch: { readonly pace: Pace; readonly at: number } | undefined;
  readonly trial: LaneTrial | undefined;
  readonly trials: Trials;
}

/** What the law goes by. */
export interface Seen {
  readonly signals: Signals;
  /** Rows that all lanes have done in the last second, or in two batches. 0: none has ended, all wait. */
  readonly rowsPerSecond: number;
  /** How long a batch and the rest after it took lately. 0: not known. Milliseconds. */
  readonly cycleMs: number;
  readonly bounds: Bounds;
  /** Milliseconds, of a clock that never goes back. */
  readonly now: number;
}

/** The canary is a mean of a second: for so long it also shows what was before a change. Milliseconds. */
export const SETTLING = 1_000;

/** When the canary began to show something else. */
export const changedAt = ({ downAt, backAt, pausedAt }: LawState): number =>
  Math.max(downAt, backAt, pausedAt);

const NEVER = Number.NEGATIVE_INFINITY;

/** One lane that mostly rests, until something is known. */
export function beginning(bounds: Bounds, now: number): LawState {
  return {
    pace: gentlePace(bounds),
    alone: false,
    cause: 'nothing is known yet',
    wantsPause: false,
    slowdown: undefined,
    smooth: undefined,
    lately: undefined,
    timesOver: 0,
    load: undefined,
    unknownSince: undefined,
    calmSince: undefined,
    at: now,
    upAt: now,
    downAt: NEVER,
    pausedAt: pausedAtFirst(now),
    judgedAt: NEVER,
    excess: 0,
    backAt: NEVER,
    aloneAt: NEVER,
    emptySince: undefined,
    patience: 0,
    tooMuch: undefined,
    trial: undefined,
    trials: { notBefore: NEVER, wait: 0 },
  };
}
