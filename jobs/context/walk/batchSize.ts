/** A batch may grow and shrink between these. */
export interface SizeBounds {
  readonly min: number;
  readonly max: number;
}

/**
 * Small, since nothing is known of a row's cost yet; an attempt is at full size within ten batches.
 */
const START = 100;
/** Growth a batch: the time of a small one is mostly overhead and says little of a large one's. */
const GROWTH = 4;
/** Under trouble the target time goes down to this part of it, and comes back by … */
const LEAST_PACE = 1 / 16;
/** … this factor a batch: a quiet spell of fourteen batches doubles it. */
const RECOVERY = 1.05;

/** Rows a batch, so that each transaction takes about the target time. Shared by the lanes. */
export class BatchSize {
  #rows: number;
  /** Part of the target time that is aimed at. */
  #pace = 1;

  constructor(
    private readonly bounds: SizeBounds,
    private readonly targetMs: number,
  ) {
    this.#rows = this.#bounded(START);
  }

  get rows(): number {
    return this.#rows;
  }

  /** A batch of so many rows took so long. */
  took(rows: number, ms: number): void {
    this.#pace = Math.min(1, this.#pace * RECOVERY);
    const target = this.targetMs * this.#pace;
    // A range cut short (at the end of a gap, or where few rows match) was quick for that reason.
    if (rows < this.#rows / 2 && ms < target) return;
    const ideal = (Math.max(rows, 1) * target) / Math.max(ms, 1);
    // Half the way, in proportion: one batch slowed by a checkpoint must not undo the rest.
    const next = Math.sqrt(this.#rows * ideal);
    this.#rows = this.#bounded(Math.min(next, this.#rows * GROWTH));
  }

  /** A batch timed out, or others wait for its locks. */
  halve(): void {
    this.#pace = Math.max(LEAST_PACE, this.#pace / 2);
    this.#rows = this.#bounded(this.#rows / 2);
  }

  #bounded(rows: number): number {
    return Math.max(this.bounds.min, Math.min(this.bounds.max, Math.round(rows)));
  }
}
