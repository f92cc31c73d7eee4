import { down } from './changes';
import { type LawState, SETTLING, type Seen } from './lawState';
import { faster } from './pace';

// One lane with the shortest batches does little harm, so what is slow beside it is more likely slow by
// itself. It rests only when pauses at this very pace have shown that the application is faster then. The
// floor does not tell: it may be of a time at which the application did less.

/** Before that, what a pause has shown still holds. Milliseconds. */
const HOLDS_FOR = 12_000;
/** Pauses cost time, too. Milliseconds. */
const PAUSE_AT_MOST_EVERY = 4_000;
/**
 * One pause may be chance. So the excess of several is added up (as logarithms: a cumulative sum test), until
 * it is as much as of one that shows a fifth more than allowed. Harm does not wait for that.
 */
const ENOUGH = Math.log(1.2);
/** Rest that has not helped is given up faster than it would be after calm. */
const UP_AGAIN = 1.25;

/** The application is too slow at the gentlest pace: rests, pauses to find out, or goes on. */
export function restOrNot(state: LawState, seen: Seen, slowdown: number, harm: boolean): LawState {
  const { signals, bounds, now } = seen;
  const { pausedAt, judgedAt, downAt, backAt } = state;
  const isNews = pausedAt > Math.max(judgedAt, downAt, backAt) && now - pausedAt < HOLDS_FOR;
  if (!isNews) return { ...state, wantsPause: now - pausedAt >= PAUSE_AT_MOST_EVERY };
  if (now - pausedAt < SETTLING) return state;
  const { drainedMs, floorMs } = signals;
  const proven = drainedMs && floorMs ? slowdown * Math.min(1, floorMs / drainedMs) : 1;
  const excess = Math.max(0, state.excess + Math.log(proven / bounds.slowdown));
  const judged = { ...state, judgedAt: now, excess };
  if (excess > ENOUGH || (harm && excess > 0))
    return { ...down(judged, seen, proven, harm), excess: 0 };
  const isInVain = excess === 0 && judged.pace.duty < 1;
  return isInVain ? { ...judged, pace: faster(judged.pace, UP_AGAIN, bounds) } : judged;
}
