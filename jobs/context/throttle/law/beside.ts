import { down, up } from './changes';
import { gentlePace } from './gentle';
import type { LawState, Seen } from './lawState';
import type { Bounds } from './pace';
import { pausedAtFirst, wantsPause } from './pauses';
import { type Slowdown, slowdownOf, worst } from './slowdown';

/** The canary is a median of a second. Half of that after a change, it shows the change. Milliseconds. */
const CANARY_LAG = 600;
/** The application's own times are means of up to ten seconds. Milliseconds. */
const FOREIGN_LAG = 10_000;
/** What was measured beside all lanes must not be taken for what one lane does. Milliseconds. */
const BLIND_AFTER_ALL_LANES = 900;
/** More than allowed by this factor is harm: half of the lanes go at once. */
const HARM = 1.5;
/** Once may be chance. */
const TIMES_OVER = 2;
/** Without any signal for so long, what was found out before holds no more. Milliseconds. */
const BLIND_AFTER = 3_000;
/** The part of what is allowed, below which there is room for more. */
const CALM = 0.5;
/** How slowly a new value counts, for going up. Milliseconds. */
const SMOOTHED_OVER = 1_000;
/** Longer each time that somebody is back soon. Milliseconds. */
const PATIENCE_AT_FIRST = 500;
const PATIENCE_AT_MOST = 4_000;
const BACK_SOON = 10_000;

/** Somebody else is there: holds what the application is slowed down by. */
export function beside(before: LawState, seen: Seen): LawState {
  const { bounds, now } = seen;
  const slowdown = slowdownOf(seen.signals);
  const state = observed(before, seen, slowdown);
  if (now - (state.unknownSince ?? now) >= BLIND_AFTER) return blind(state, bounds);
  const { canary, foreign } = slowdown;
  const harm = HARM * bounds.slowdown;
  if (canary !== undefined && (state.timesOver >= TIMES_OVER || canary > harm)) {
    if (now - state.downAt < CANARY_LAG) return state;
    return down(state, seen, canary, canary > harm);
  }
  const changedAt = Math.max(state.downAt, state.backAt);
  if (foreign !== undefined && foreign > bounds.slowdown && now - changedAt >= FOREIGN_LAG) {
    return down(state, seen, foreign, false);
  }
  return up(state, seen);
}

/** Somebody is there again. */
export function back(state: LawState, { bounds, now }: Seen): LawState {
  const soon = now - state.aloneAt < BACK_SOON;
  const longer = Math.max(PATIENCE_AT_FIRST, state.patience * 2);
  return {
    ...state,
    alone: false,
    pace: gentlePace(bounds),
    cause: 'somebody else is there',
    upAt: now,
    downAt: now + BLIND_AFTER_ALL_LANES,
    backAt: now,
    pausedAt: Math.max(state.pausedAt, pausedAtFirst(now)),
    patience: soon ? Math.min(PATIENCE_AT_MOST, longer) : 0,
    tooMuch: undefined,
    trial: undefined,
    trials: { notBefore: now, wait: 0 },
  };
}

/** Nothing tells what we do to the application. */
const blind = (state: LawState, bounds: Bounds): LawState => ({
  ...state,
  pace: gentlePace(bounds),
  cause: 'no signal can be read',
  trial: undefined,
});

function observed(state: LawState, seen: Seen, slowdown: Slowdown): LawState {
  const { bounds, now, rowsPerSecond } = seen;
  const isOver = slowdown.canary !== undefined && slowdown.canary > bounds.slowdown;
  const worse = worst(slowdown);
  const smooth = smoothed(state.smooth, worse, now - state.at);
  const isLow = smooth !== undefined && smooth <= 1 + CALM * (bounds.slowdown - 1) && !isOver;
  // While all lanes wait (for a replica, for the author's check), the pace does nothing to be judged by.
  const isCalm = isLow && rowsPerSecond > 0;
  const observed = {
    ...state,
    slowdown: worse,
    smooth,
    timesOver: isOver ? state.timesOver + 1 : 0,
    unknownSince: worse === undefined ? (state.unknownSince ?? now) : undefined,
    calmSince: isCalm ? (state.calmSince ?? now) : undefined,
  };
  return { ...observed, wantsPause: wantsPause(observed, seen) };
}

function smoothed(before: number | undefined, now: number | undefined, ms: number) {
  if (now === undefined || before === undefined) return now;
  return before + (1 - Math.exp(-ms / SMOOTHED_OVER)) * (now - before);
}
