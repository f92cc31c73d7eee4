import type { Pulse } from './canary';
import { cappedMean } from './quantile';

/** The latency is the mean of about this time. Milliseconds. */
const LATELY = 1_000;
/** Older ones say nothing about now. Milliseconds. */
const FORGET = 3_000;
/** Fewer have no mean worth its name. */
const FEWEST = 3;

/** The canary's last measurements. */
export class Pulses {
  #recent: (Pulse & { readonly got: number })[] = [];

  /** @param now our own clock, milliseconds */
  add(pulse: Pulse, now: number): void {
    this.#recent = [
      ...this.#recent.filter(({ got }) => now - got <= FORGET),
      { ...pulse, got: now },
    ];
  }

  /**
   * @param now our own clock, milliseconds
   * @param waiting how long the server has kept a pulse waiting that has not ended yet: it takes at
   *   least as long. Milliseconds
   */
  read(now: number, waiting = 0): number | undefined {
    const lately = this.#recent.filter(({ got }) => now - got <= LATELY);
    const few = this.#recent.filter(({ got }) => now - got <= FORGET).slice(-FEWEST);
    const ms = cappedMean((lately.length >= FEWEST ? lately : few).map((pulse) => pulse.ms));
    if (waiting < STUCK) return ms;
    return Math.max(ms ?? 0, waiting);
  }
}

/** A pulse that takes as long as this is stuck, and doesn't only wait for its turn. Milliseconds. */
const STUCK = 250;
