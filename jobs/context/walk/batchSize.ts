/** The smallest and the largest number of rows in a batch. */
export interface SizeBounds {
  readonly min: number;
  readonly max: number;
}

/**
 * Rows of the first batch. It is small, since the cost of a row is not known yet. An attempt
 * reaches the full size within ten batches.
 */
const START = 100;
/**
 * A batch has at most this many times the rows of the one before. The time of a small batch is
 * mostly overhead, so it says little about the time of a large one.
 */
const GROWTH = 4;
/** Repeated timeouts and lock waits lower the target time to this part of it. */
const LEAST_PACE = 1 / 16;
/** Each batch without trouble raises a lowered target time by this factor: fourteen double it. */
const RECOVERY = 1.05;

/** The number of rows in a batch, so that each takes about the target time. The lanes share it. */
export class BatchSize {
  #rows: number;
  /** The part of the target time that is used now. */
  #pace = 1;

  constructor(
    private readonly bounds: SizeBounds,
    /** How long a batch should take. Milliseconds. */
    public targetMs: number,
  ) {
    this.#rows = this.#bounded(START);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Adjusts the size to the time that a batch took. */
  took(rows: number, ms: number): void {
    this.#pace = Math.min(1, this.#pace * RECOVERY);
    const target = this.targetMs * this.#pace;
    // A range that was cut short (at a gap's end, or where few rows match) was quick for that
    // reason.
    if (rows < this.#rows / 2 && ms < target) return;
    const ideal = (Math.max(rows, 1) * target) / Math.max(ms, 1);
    // The geometric mean goes only half of the way: one batch that a checkpoint slowed must not
    // undo what the others have shown.
    const next = Math.sqrt(this.#rows * ideal);
    this.#rows = this.#bounded(Math.min(next, this.#rows * GROWTH));
  }

  /** To be called when a batch timed out, or when others wait for its locks. */
  halve(): void {
    this.#pace = Math.max(LEAST_PACE, this.#pace / 2);
    this.#rows = this.#bounded(this.#rows / 2);
  }

  #bounded(rows: number): number {
    return Math.max(this.bounds.min, Math.min(this.bounds.max, Math.round(rows)));
  }
}
