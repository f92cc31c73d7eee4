import { whileAlone } from './alone';
import { back, beside } from './beside';
import type { LawState, Seen } from './lawState';
import { within } from './pace';

// The control law: from what is seen, how hard to work. It is pure, so that it can be tried against a
// simulated database (test/jobs/context/throttle/law.test.ts).
//
// Nobody there: all lanes, and the author's batch time. Somebody there: begin with one lane that mostly
// rests; go up slowly while the application is slowed down by clearly less than is allowed; down when
// pauses prove that it is more, and at once when it is much more. Down: lanes, long batches, then more
// rest. Up: less rest, lanes, long batches. One more lane is a trial: it stays only if more rows are done.

/** What to do from now on. To be called about five times a second. */
export function next(before: LawState, seen: Seen): LawState {
  const { signals, bounds, now } = seen;
  const emptySince = signals.nobodyThere ? (before.emptySince ?? now) : undefined;
  const state = { ...before, pace: within(before.pace, bounds), emptySince, wantsPause: false };
  const isEmpty = emptySince !== undefined && now - emptySince >= state.patience;
  return { ...decide(state, seen, isEmpty), at: now };
}

function decide(state: LawState, seen: Seen, isEmpty: boolean): LawState {
  if (isEmpty) return whileAlone(state, seen);
  return state.alone ? back(state, seen) : beside(state, seen);
}

/** To be called when the lanes have paused. */
export const paused = (state: LawState, now: number): LawState => ({
  ...state,
  pausedAt: now,
  // What was measured in the pause must not be taken for calm.
  calmSince: undefined,
});
