/** A fixed cost that may be wrong by more than this part of a batch's time is worth trials. */
export const DOUBTFUL = 0.1;
/** Batches between two trials: few at first, twice as many after each. */
const FIRST_AFTER = 2;
const AT_LEAST_EVERY = 64;

/**
 * When a batch of another size is tried. Sizes that are all equal can't tell the fixed cost from that
 * of the rows, and both drift.
 */
export class Trials {
  #since = 0;
  #after = FIRST_AFTER;

  /** Counts a batch. True when the next one should be a trial. */
  isDue(doubt: number): boolean {
    this.#since += 1;
    if (this.#since < this.#after || doubt <= DOUBTFUL) return false;
    this.#since = 0;
    this.#after = Math.min(AT_LEAST_EVERY, 2 * this.#after);
    return true;
  }
}
