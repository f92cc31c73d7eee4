import { BatchCost } from './batchCost';
import { DOUBTFUL, Trials } from './trials';

/** The smallest and the largest number of rows in a batch. */
export interface SizeBounds {
  readonly min: number;
  readonly max: number;
}

/** Rows of the first batch, when nothing speaks for fewer. What a row costs is not known yet. */
export const FIRST_ROWS = 100;
/**
 * A batch has at most this many times the rows of the largest one so far. The first rows of a walk
 * say little about the others: they may be smaller, or in memory.
 */
const GROWTH = 10;
/** A larger batch may take this many times the target, if its rows cost as much as they may. */
const OVERSHOOT = 2;
/** A smaller change of the size is noise, and costs a look-up. */
const WORTH_IT = 0.1;
/** A trial has this part of the rows. */
const TRIAL = 0.6;
/** Where there is nothing smaller, a trial has so many times the rows: two instead of one. */
const TRIAL_UPWARDS = 2;
/** No batch is quicker: a clock may say 0. */
const LEAST_MS = 0.1;
/** Repeated timeouts and lock waits lower the number of rows to this part of it. */
const LEAST_PACE = 1 / 16;
/** Each batch without trouble raises a lowered pace by this factor: fourteen double it. */
const RECOVERY = 1.05;

/**
 * The number of rows in a batch, so that each takes about the target time. The lanes share it.
 *
 * A batch whose cost is mostly fixed (a call to another service, say) does not reach a short target
 * with fewer rows. It keeps so many that the fixed cost is at most about half of its time.
 */
export class BatchSize {
  readonly #cost = new BatchCost();
  readonly #trials = new Trials();
  #targetMs: number;
  #rows: number;
  /** Rows of the last batch. */
  #last = 0;
  /** Rows of the largest one of the last batches. */
  #reached = 0;
  /** The part of the rows that is used now. */
  #pace = 1;

  /**
   * @param mostMs the author's target time: the upper bound of {@link targetMs}
   * @param first rows of the first batch
   */
  constructor(
    private readonly bounds: SizeBounds,
    private readonly mostMs: number,
    first = FIRST_ROWS,
  ) {
    this.#targetMs = mostMs;
    this.#rows = this.#bounded(first);
  }

  get rows(): number {
    return this.#rows;
  }

  /** How long a batch should take. Milliseconds. Default: the author's target time. */
  get targetMs(): number {
    return this.#targetMs;
  }

  /** The size follows at once. The same value again changes nothing, so a trial stays one. */
  set targetMs(ms: number) {
    const before = this.#targetMs;
    this.#targetMs = Math.min(this.mostMs, ms);
    if (this.#cost.known && this.#targetMs !== before) this.#choose();
  }

  /** What each batch costs, whatever its size. Milliseconds. Undefined before the first batch. */
  get fixedMs(): number | undefined {
    return this.#cost.known ? this.#cost.fixed : undefined;
  }

  /** Whether batches take longer than the target because their cost is mostly fixed. */
  get isMostlyFixed(): boolean {
    return this.#cost.known && this.#aim > this.#targetMs;
  }

  /** What operators see of it. `fixedMs` says why batches take longer than they should. */
  get details(): Record<string, number> {
    const batchSize = this.#rows;
    return this.isMostlyFixed
      ? { batchSize, fixedMs: Math.round(this.#cost.fixed) }
      : { batchSize };
  }

  /** Adjusts the size to the time that a batch took. */
  took(rows: number, ms: number): void {
    this.#pace = Math.min(1, this.#pace * RECOVERY);
    // A range that was cut short (at a gap's end, or where few rows match) was quick for that
    // reason.
    if (rows < this.#rows / 2 && ms < this.#targetMs) return;
    this.#last = Math.max(rows, 1);
    this.#reached = Math.max(this.#last, this.#reached * (1 - WORTH_IT));
    this.#cost.took(this.#last, Math.max(ms, LEAST_MS));
    this.#choose();
    if (!this.#isAtBound && this.#trials.isDue(this.#doubt)) this.#try();
  }

  /** To be called when a batch timed out, or when others wait for its locks. */
  halve(): void {
    this.#pace = Math.max(LEAST_PACE, this.#pace / 2);
    this.#rows = this.#bounded(this.#rows / 2);
  }

  #choose(): void {
    const { fixed, perRow } = this.#cost;
    const fixedAtLeast = this.#fixedAtLeast;
    const [aim, last] = [this.#aim, this.#cost.at(this.#last)];
    // What a row costs if the fixed cost is the least that it may be. The time of the last size is
    // known best, so it stays as it is.
    const perRowAtMost = (last - fixedAtLeast) / this.#last;
    const ideal = aim > last ? (aim - fixed) / perRow : (aim - fixedAtLeast) / perRowAtMost;
    const most = this.#last + (OVERSHOOT * Math.max(aim, last) - last) / perRowAtMost;
    this.#change(this.#pace * Math.min(ideal, most, this.#reached * GROWTH));
  }

  /** How long a batch should take, as far as that can be reached. Milliseconds. */
  get #aim(): number {
    return Math.max(this.#targetMs, 2 * this.#fixedAtLeast);
  }

  get #fixedAtLeast(): number {
    return this.#cost.fixedAtLeast(this.#last, DOUBTFUL);
  }

  get #doubt(): number {
    return this.#cost.doubt(this.#last);
  }

  #change(to: number): void {
    const rows = this.#bounded(to);
    const { min, max } = this.bounds;
    // With few rows, an estimate between two whole numbers must not change the size each time.
    const worthIt = Math.abs(to - this.#rows) > Math.max(WORTH_IT * this.#rows, 0.75);
    if (worthIt || rows === min || rows === max) this.#rows = rows;
  }

  /** Whether the author's bound decides, and not the time. Then nothing has to be known. */
  get #isAtBound(): boolean {
    return this.#rows === this.bounds.max && this.#cost.at(this.#rows) <= this.#targetMs;
  }

  #try(): void {
    const fewer = this.#bounded(this.#rows * TRIAL);
    this.#rows = fewer < this.#rows ? fewer : this.#bounded(this.#rows * TRIAL_UPWARDS);
  }

  #bounded(rows: number): number {
    return Math.max(this.bounds.min, Math.min(this.bounds.max, Math.round(rows)));
  }
}
