import type { LawState, Seen } from './lawState';
import { fullPace } from './pace';
import { tryLanes } from './tryLanes';

/** A guess may be wrong: then the number of lanes is doubled, as long as that does more rows. */
const LANES_AT_FIRST = 2;

/** Nobody else is there: as fast as possible. The canary shows only ourselves. */
export function whileAlone(state: LawState, seen: Seen): LawState {
  const { bounds, now } = seen;
  const full = fullPace(bounds);
  if (state.alone) {
    const { lanes } = state.pace;
    return tryLanes({ ...state, pace: { ...full, lanes } }, seen, lanes * 2);
  }
  const lanes = bounds.guessed ? Math.max(LANES_AT_FIRST, state.pace.lanes) : bounds.lanes;
  return {
    ...state,
    alone: true,
    pace: { ...full, lanes: Math.min(bounds.lanes, lanes) },
    cause: 'nobody else is there',
    slowdown: undefined,
    smooth: undefined,
    lately: undefined,
    load: undefined,
    excess: 0,
    timesOver: 0,
    unknownSince: undefined,
    calmSince: undefined,
    aloneAt: now,
    upAt: now,
    trial: undefined,
    // A second of the new lanes is what the next ones are compared with.
    trials: { notBefore: now + SETTLED_WITHIN, wait: 0 },
  };
}

/** Rows of the last second are all done by the new lanes, with full batches. Milliseconds. */
const SETTLED_WITHIN = 1_000;
