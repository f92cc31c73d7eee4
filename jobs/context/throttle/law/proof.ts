import { down } from './changes';
import { type LawState, SETTLING, type Seen } from './lawState';
import { calmBelow, faster } from './pace';

// The canary scatters by a fifth, and so does what it is compared with: the floor may be of a time at which
// all was faster by itself. So it goes down only when pauses at this very pace have shown that the
// application is faster in them.

/** Before that, what a pause has shown still holds. Milliseconds. */
const HOLDS_FOR = 12_000;
/** Pauses cost time, too. Milliseconds. */
const PAUSE_AT_MOST_EVERY = 4_000;
/**
 * One pause may be chance. So the excess of several is added up (as logarithms: a cumulative sum test), until
 * it is as much as of one that shows a tenth more than allowed. Harm does not wait for that.
 */
const ENOUGH = Math.log(1.1);
/** Rest that has not helped is given up faster than it would be after calm. */
const UP_AGAIN = 1.25;

/** The application seems to be too slow: works less, pauses to find out, or goes on. */
export function lessIfProven(
  state: LawState,
  seen: Seen,
  slowdown: number,
  harm: boolean,
): LawState {
  const { signals, bounds, now } = seen;
  const { pausedAt, judgedAt, downAt, backAt } = state;
  if (state.trial) return down(state, seen, slowdown);
  const isNews = pausedAt > Math.max(judgedAt, downAt, backAt) && now - pausedAt < HOLDS_FOR;
  if (!isNews) return { ...state, wantsPause: now - pausedAt >= PAUSE_AT_MOST_EVERY };
  if (now - pausedAt < SETTLING) return state;
  const { drainedMs, floorMs } = signals;
  const proven = drainedMs && floorMs ? slowdown * Math.min(1, floorMs / drainedMs) : 1;
  const excess = Math.max(0, state.excess + Math.log(proven / bounds.slowdown));
  const judged = { ...state, judgedAt: now, excess };
  if (excess > ENOUGH || (harm && excess > 0)) return { ...down(judged, seen, proven), excess: 0 };
  const isInVain = proven <= calmBelow(bounds) && judged.pace.duty < 1;
  return isInVain ? { ...judged, pace: faster(judged.pace, UP_AGAIN, bounds) } : judged;
}
