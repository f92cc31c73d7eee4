import type { LawState, Seen } from './lawState';
import { isLeast } from './pace';

// Pauses of all lanes, in which the canary shows what it is without us. Milliseconds.

const EVERY = 15_000;
/** After the beginning, and after somebody is back. */
const FIRST = 2_000;
/** When what we give up does not help, it may not be us. */
const WHILE_IN_VAIN = 8_000;

/** As if the last pause had been so long ago that the next one comes soon. */
export const pausedAtFirst = (now: number): number => now - EVERY + FIRST;

export function wantsPause(state: LawState, { signals, bounds, now }: Seen): boolean {
  // The rows of a trial's seconds are counted.
  if (signals.canaryMs === undefined || state.trial) return false;
  const { pace, slowdown = 1 } = state;
  const inVain = isLeast(pace) && slowdown > bounds.slowdown;
  return now - state.pausedAt >= (inVain ? WHILE_IN_VAIN : EVERY);
}
