/** The weight of the last batch. */
const WEIGHT = 0.2;
/** Whatever a batch does elsewhere, its locks last as long as its transaction. */
const LEAST = 0.05;

/**
 * The part of a batch's time in which the database works for it. In the rest (`job.map`, our own
 * JavaScript) it is not in the application's way, so that the batch may take longer.
 */
export class DatabaseShare {
  #share: number | undefined;

  took(ms: number, databaseMs: number): void {
    const share = ms > 0 ? Math.max(LEAST, Math.min(1, databaseMs / ms)) : 1;
    this.#share = this.#share === undefined ? share : this.#share + WEIGHT * (share - this.#share);
  }

  /** How long a batch may take so that the database works for it `databaseMs`. Milliseconds. */
  inAll(databaseMs: number): number {
    return databaseMs / (this.#share ?? 1);
  }
}
