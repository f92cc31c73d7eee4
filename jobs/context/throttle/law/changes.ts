import { endTrial, mayTry } from './laneTrials';
import type { LawState, Seen } from './lawState';
import { type Bounds, faster, isLeast, type Pace, slower } from './pace';
import { tryLanes } from './tryLanes';

/**
 * What is left at once, when it is too much: this part at most, and this part at least. In between as much as
 * would do: the harm is about in proportion to the time that we work.
 */
const DOWN = 0.7;
const DOWN_AT_MOST = 0.5;
const UP = 1.1;
/** How long it has to be calm before the pace goes up, and the time from one step to the next. Milliseconds. */
const CALM_FOR = 1_500;
const UP_AFTER_DOWN = 2_500;
/** The same, when only the application's own times can be read, which are means of ten seconds. */
const UP_AFTER_DOWN_LATE = 15_000;
const UP_EVERY = 1_000;
/** Close to where it was too much not long ago. */
const UP_EVERY_NEAR = 5_000;
const NEAR = 0.8;
const REMEMBERED_FOR = 60_000;

/** It is too much. */
export function down(state: LawState, { bounds, now }: Seen, slowdown: number): LawState {
  const needed = (bounds.slowdown - 1) / Math.max(0.01, slowdown - 1);
  const factor = Math.max(DOWN_AT_MOST, Math.min(DOWN, needed));
  const { pace, trial, trials } = state;
  const lower = {
    ...state,
    cause: `the application is slowed down ${slowdown.toFixed(1)} ×`,
    downAt: now,
    lately: undefined,
    timesOver: 0,
    calmSince: undefined,
    trial: undefined,
    trials: trial ? endTrial(trials, false, now) : trials,
  };
  // It was good enough without the new lane.
  if (trial) return { ...lower, pace: { ...pace, lanes: trial.lanes } };
  return { ...lower, pace: slower(pace, factor, bounds), tooMuch: { pace, at: now } };
}

/** There may be room for more. */
export function up(state: LawState, seen: Seen): LawState {
  const { bounds, now } = seen;
  const { pace, calmSince, trial } = state;
  if (trial) return tryLanes(state, seen, pace.lanes);
  if (calmSince === undefined || now - calmSince < CALM_FOR) return state;
  // Only pauses show what the application's own times are without us, and only the canary measures in them.
  const isLate = seen.signals.canaryMs === undefined;
  if (isLate && !isLeast(faster(pace, UP, bounds))) return state;
  const [after, every] = isLate
    ? [UP_AFTER_DOWN_LATE, UP_EVERY_NEAR]
    : [UP_AFTER_DOWN, isNear(state, now) ? UP_EVERY_NEAR : UP_EVERY];
  if (now - state.downAt < after || now - state.upAt < every) return state;
  if (pace.duty === 1 && pace.lanes < lanesBeside(bounds) && mayTry(state.trials, now)) {
    return tryLanes(state, seen, pace.lanes + 1);
  }
  return { ...state, pace: faster(pace, UP, bounds), upAt: now };
}

/**
 * Lanes on all cores leave none to the application: each of its transactions would wait for one. An
 * author who gives a number knows the server better.
 */
const lanesBeside = ({ lanes, guessed }: Bounds): number =>
  guessed ? Math.max(1, lanes - 1) : lanes;

const isNear = ({ tooMuch, pace }: LawState, now: number): boolean =>
  tooMuch !== undefined &&
  now - tooMuch.at < REMEMBERED_FOR &&
  work(pace) * UP > NEAR * work(tooMuch.pace);

const work = ({ batchMs, lanes, duty }: Pace): number => batchMs * lanes * duty;
