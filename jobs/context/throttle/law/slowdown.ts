import type { Signals } from '../signals';

/**
 * A transaction of the application is several statements and their network: it does not notice so much.
 * The canary's own scatter is about as large, whatever the load. Milliseconds.
 */
const NOISE_MS = 0.05;

/** By how much the application is slower than it would be without us. 1: not at all. */
export interface Slowdown {
  /** By the canary, which tells within a second. */
  readonly canary: number | undefined;
  /** By the application's own transactions, which tells within ten. */
  readonly foreign: number | undefined;
}

export function slowdownOf(signals: Signals): Slowdown {
  return {
    canary: ratio(signals.canaryMs, signals.floorMs),
    foreign: ratio(signals.foreignMs, signals.foreignFloorMs),
  };
}

function ratio(ms: number | undefined, floorMs: number | undefined): number | undefined {
  if (ms === undefined || floorMs === undefined || !(floorMs > 0)) return undefined;
  return Math.max(1, (ms - NOISE_MS) / floorMs);
}
