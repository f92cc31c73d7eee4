import { down, up } from './changes';
import { changedAt, type LawState, SETTLING, type Seen } from './lawState';
import { type Bounds, calmBelow, gentlePace, isLeast } from './pace';
import { pausedAtFirst, wantsPause } from './pauses';
import { lessIfProven } from './proof';
import { type Slowdown, slowdownOf } from './slowdown';

/** The canary is a mean of a second. Half of that after a change, it shows the change. Milliseconds. */
const CANARY_LAG = 600;
/** A mean of a second is off by a fifth now and then. So it has to be too much for longer. Milliseconds. */
const EVIDENCE = 1_500;
/** The application's own times are means of up to ten seconds. Milliseconds. */
const FOREIGN_LAG = 10_000;
/** What was measured beside all lanes must not be taken for what one lane does. Milliseconds. */
const BLIND_AFTER_ALL_LANES = 900;
/** More than allowed by this factor is harm, and does not wait for a pause to prove it. */
const HARM = 1.5;
/** Twice may be chance. */
const TIMES_OVER = 3;
/** The application's own times scatter more than the canary's: its transactions are not all alike. */
const FOREIGN_TOLERANCE = 1.25;
/** Without any signal for so long, what was found out before holds no more. Milliseconds. */
const BLIND_AFTER = 3_000;
/** How slowly a new value counts. Milliseconds. */
const SMOOTHED_OVER = 2_000;
/** The application does more when it is so much more than lately: a factor, and some transactions a second. */
const MORE = 1.6;
const MORE_AT_LEAST = 10;
/** Lately: one that does much more again and again is known after a while. Milliseconds. */
const LOAD_OVER = 30_000;
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
  if (doesMore(before, seen) && !isLeast(state.pace)) {
    return anew(state, seen, 'the application does more than before');
  }
  const { canary, foreign } = slowdown;
  if (canary !== undefined && state.timesOver >= TIMES_OVER) {
    return now - state.downAt < CANARY_LAG ? state : lessAtOnce(state, seen, canary);
  }
  const isSettled = now - changedAt(state) >= SETTLING + EVIDENCE;
  if (isSettled && state.lately !== undefined && state.lately > bounds.slowdown) {
    return lessIfProven(state, seen, state.lately, false);
  }
  const lastChange = Math.max(state.downAt, state.backAt);
  if (isTooSlow(foreign, bounds) && now - lastChange >= FOREIGN_LAG) {
    return isLeast(state.pace) ? state : down(state, seen, foreign);
  }
  return up(state, seen);
}

/** Harm does not wait for proof, except where we do so little that it is hardly ours. */
const lessAtOnce = (state: LawState, seen: Seen, slowdown: number): LawState =>
  isLeast(state.pace) ? lessIfProven(state, seen, slowdown, true) : down(state, seen, slowdown);

const isTooSlow = (foreign: number | undefined, bounds: Bounds): foreign is number =>
  foreign !== undefined && foreign > FOREIGN_TOLERANCE * bounds.slowdown;

/** Somebody is there again. */
export function back(state: LawState, seen: Seen): LawState {
  const { now } = seen;
  const soon = now - state.aloneAt < BACK_SOON;
  const longer = Math.max(PATIENCE_AT_FIRST, state.patience * 2);
  return {
    ...anew(state, seen, 'somebody else is there'),
    alone: false,
    downAt: now + BLIND_AFTER_ALL_LANES,
    backAt: now,
    patience: soon ? Math.min(PATIENCE_AT_MOST, longer) : 0,
    trials: { notBefore: now, wait: 0 },
  };
}

/** What was found out beside less load may be too much now, and the canary alone would tell late. */
function doesMore({ load }: LawState, { signals }: Seen): boolean {
  const { foreignPerSecond } = signals;
  if (foreignPerSecond === undefined || load === undefined) return false;
  return foreignPerSecond > MORE * load + MORE_AT_LEAST;
}

/** As if the walk had just begun: nothing that was measured before holds. */
function anew(state: LawState, { bounds, now }: Seen, cause: string): LawState {
  return {
    ...state,
    pace: gentlePace(bounds),
    cause,
    upAt: now,
    downAt: now,
    pausedAt: Math.max(state.pausedAt, pausedAtFirst(now)),
    lately: undefined,
    timesOver: 0,
    calmSince: undefined,
    tooMuch: undefined,
    excess: 0,
    trial: undefined,
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
  const { signals, bounds, now, rowsPerSecond } = seen;
  const { canary, foreign } = slowdown;
  const ms = now - state.at;
  const isHarm = canary !== undefined && canary > HARM * bounds.slowdown;
  const known = canary ?? foreign;
  const smooth = smoothed(state.smooth, known, ms);
  const isLow = smooth !== undefined && smooth <= calmBelow(bounds) && !isHarm;
  const isSettled = now - changedAt(state) >= SETTLING;
  // While all lanes wait (for a replica, for the author's check), the pace does nothing to be judged by.
  const isCalm = isLow && !isTooSlow(foreign, bounds) && rowsPerSecond > 0;
  const observed = {
    ...state,
    slowdown: known,
    load: doesMore(state, seen)
      ? signals.foreignPerSecond
      : smoothed(state.load, signals.foreignPerSecond, ms, LOAD_OVER),
    smooth,
    lately: isSettled ? smoothed(state.lately, canary, ms) : undefined,
    timesOver: isHarm ? state.timesOver + 1 : 0,
    unknownSince: known === undefined ? (state.unknownSince ?? now) : undefined,
    calmSince: isCalm ? (state.calmSince ?? now) : undefined,
  };
  return { ...observed, wantsPause: wantsPause(observed, seen) };
}

function smoothed(
  before: number | undefined,
  now: number | undefined,
  ms: number,
  over = SMOOTHED_OVER,
) {
  if (now === undefined || before === undefined) return now;
  return before + (1 - Math.exp(-ms / over)) * (now - before);
}
