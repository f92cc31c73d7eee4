import type { Signals } from '../signals';

/**
 * The server's clock, its scheduler and the network of a canary are worth so much, whatever the load:
 * a difference that small is no harm. Milliseconds.
 */
const NOISE_MS = 0.02;

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

/** The worse of both. Undefined when none is known. */
export function worst({ canary, foreign }: Slowdown): number | undefined {
  if (canary === undefined) return foreign;
  return foreign === undefined ? canary : Math.max(canary, foreign);
}

function ratio(ms: number | undefined, floorMs: number | undefined): number | undefined {
  if (ms === undefined || floorMs === undefined || !(floorMs > 0)) return undefined;
  return Math.max(1, (ms - NOISE_MS) / floorMs);
}
