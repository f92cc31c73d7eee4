import { beginTrial, endTrial, mayTry, verdict } from './laneTrials';
import type { LawState, Seen } from './lawState';

/** Has more lanes for a while, and takes them back when they do not do more rows. */
export function tryLanes(state: LawState, seen: Seen, lanes: number): LawState {
  if (state.trial) return judged(state, seen);
  const { bounds, now, rowsPerSecond } = seen;
  const { pace, trials, alone } = state;
  // More than no rows are no proof.
  if (pace.lanes >= bounds.lanes || rowsPerSecond <= 0 || !mayTry(trials, now)) return state;
  return {
    ...state,
    pace: { ...pace, lanes: Math.min(bounds.lanes, lanes) },
    cause: alone ? 'nobody else is there' : 'the application does not notice',
    trial: beginTrial(pace.lanes, rowsPerSecond, now),
    upAt: now,
  };
}

function judged(state: LawState, seen: Seen): LawState {
  const { now } = seen;
  const { pace, trial, trials, alone } = state;
  const worked = trial && verdict(trial, seen, alone);
  if (!trial || worked === undefined) return state;
  const ended = { ...state, trial: undefined, trials: endTrial(trials, worked, now), upAt: now };
  if (worked) return ended;
  const before = { ...pace, lanes: Math.min(pace.lanes, trial.lanes) };
  return { ...ended, pace: before, cause: 'more lanes do no more rows' };
}
