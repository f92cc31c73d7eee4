/** How much batches of the same cost differ in their time, as a part of it. */
const NOISE = 0.2;
/** Commits alone differ by this much. Milliseconds. */
const LEAST_NOISE_MS = 0.2;
/** A batch that is off by more than this many times the noise is an accident, or the cost has changed. */
const OUTLIER = 3;
/** Costs drift while a walk goes on: by about this part of them with each batch. */
const DRIFT = 0.03;
/**
 * The part of the first batch's time that is taken for fixed. The second batch may show that it is
 * all of it, or nothing.
 */
const FIXED_AT_FIRST = 0.1;
const DOUBT_AT_FIRST = 0.5;
/**
 * Which part of a sudden change may come from the fixed cost. More often it is the rows' (they are
 * larger here, or not in memory), and the next batch, of another size, corrects what is wrong.
 */
const FIXED_IN_CHANGE = 0.3;
/** So many standard deviations below the estimate, a value is hardly ever. */
const SURE = 2;
/** A row costs at least this part of what it would without a fixed cost: sizes are divided by it. */
const LEAST_PER_ROW = 1e-4;

/**
 * The model of what a batch costs: `fixed + perRow · rows`, in milliseconds. It follows the batches
 * as a Kalman filter with two values, so it also knows how sure it is of each. Only batches of
 * different sizes tell the two apart; batches of one size still keep their sum right.
 */
export class BatchCost {
  #fixed = 0;
  #perRow = 0;
  /** The variances of both, and their covariance. */
  #varFixed = 0;
  #varPerRow = 0;
  #covariance = 0;
  /** Whether the last batch was slower than noise explains. */
  #slow = false;
  #known = false;

  /** False before the first batch. */
  get known(): boolean {
    return this.#known;
  }

  /** What each batch costs, whatever its size. Milliseconds. */
  get fixed(): number {
    return this.#fixed;
  }

  /** What each row costs, above 0. Milliseconds. */
  get perRow(): number {
    return this.#perRow;
  }

  /** The time of a batch with this many rows. Milliseconds. */
  at(rows: number): number {
    return this.#fixed + this.#perRow * rows;
  }

  /** How wrong the fixed cost may be, as a part of the time of a batch with this many rows. */
  doubt(rows: number): number {
    return Math.sqrt(this.#varFixed) / this.at(rows);
  }

  /** The fixed cost without what is in doubt of it. A doubt of this part of the time is allowed. */
  fixedAtLeast(rows: number, allowed: number): number {
    const doubt = Math.max(0, this.doubt(rows) - allowed);
    return Math.max(0, this.#fixed - SURE * doubt * this.at(rows));
  }

  /** Learns from a batch with at least one row. */
  took(rows: number, ms: number): void {
    if (!this.#known) {
      this.#begin(rows, ms);
      return;
    }
    this.#drift(rows);
    const expected = this.at(rows);
    const deviation = ms - expected;
    const noise = (NOISE * expected) ** 2 + LEAST_NOISE_MS ** 2;
    const slow = deviation > OUTLIER * Math.sqrt(noise);
    // A checkpoint or a lock makes one batch slow. It counts little; the next slow one does not.
    const accident = slow && !this.#slow;
    this.#slow = slow;
    // Nothing makes a batch quick by accident.
    const quick = deviation < -OUTLIER * Math.sqrt(this.#varianceAt(rows) + noise);
    if (quick || (slow && !accident)) this.#change(rows, Math.abs(deviation));
    this.#learn(rows, deviation, accident ? (deviation / OUTLIER) ** 2 : noise);
  }

  #begin(rows: number, ms: number): void {
    this.#known = true;
    this.#fixed = ms * FIXED_AT_FIRST;
    this.#perRow = (ms * (1 - FIXED_AT_FIRST)) / rows;
    // The sum is known: what one of the two has too much, the other one has too little.
    const doubt = (ms * DOUBT_AT_FIRST) ** 2;
    this.#varFixed = doubt + (ms * NOISE) ** 2;
    this.#varPerRow = doubt / rows ** 2;
    this.#covariance = -doubt / rows;
  }

  #drift(rows: number): void {
    // A cost that seems to be nothing may drift, too.
    const least = this.at(rows) * FIXED_AT_FIRST;
    this.#varFixed += (DRIFT * Math.max(this.#fixed, least)) ** 2;
    this.#varPerRow += (DRIFT * Math.max(this.#perRow, least / rows)) ** 2;
  }

  /** The cost has changed by this much at once. */
  #change(rows: number, ms: number): void {
    this.#varFixed += (ms * FIXED_IN_CHANGE) ** 2;
    this.#varPerRow += (ms / rows) ** 2;
  }

  #varianceAt(rows: number): number {
    return this.#varFixed + 2 * rows * this.#covariance + rows ** 2 * this.#varPerRow;
  }

  /** Divides a deviation between the two, each by how much it is in doubt. */
  #learn(rows: number, deviation: number, noise: number): void {
    const byFixed = this.#varFixed + rows * this.#covariance;
    const byPerRow = this.#covariance + rows * this.#varPerRow;
    const all = this.#varianceAt(rows) + noise;
    this.#fixed += (byFixed / all) * deviation;
    this.#perRow += (byPerRow / all) * deviation;
    this.#varFixed -= byFixed ** 2 / all;
    this.#covariance -= (byFixed * byPerRow) / all;
    this.#varPerRow -= byPerRow ** 2 / all;
    this.#keepAboveZero(rows);
  }

  /** What one of the two can't lose, the other one does. */
  #keepAboveZero(rows: number): void {
    if (this.#fixed < 0) {
      this.#perRow -= (this.#fixed * this.#covariance) / this.#varFixed;
      this.#fixed = 0;
    }
    const least = (LEAST_PER_ROW * Math.max(this.at(rows), LEAST_NOISE_MS)) / rows;
    if (this.#perRow < least) {
      const moved = ((least - this.#perRow) * this.#covariance) / this.#varPerRow;
      this.#fixed = Math.max(0, this.#fixed + moved);
      this.#perRow = least;
    }
  }
}
