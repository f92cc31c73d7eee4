/** Over this time at least. Milliseconds. */
const OVER = 1_000;
/** With fewer batches, the rate is chance. */
const CYCLES = 2;

interface Done {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** Rows that are done in a second. A batch's rows are spread evenly over its time. */
export class RowRate {
  #done: Done[] = [];

  add(rows: number, from: number, to: number): void {
    this.#done.push({ rows, from, to: Math.max(to, from + 0.001) });
  }

  /**
   * How long a batch and the rest after it took lately: the mean. 0: none has ended. Milliseconds.
   * @param duty the share of the time that a lane works
   */
  cycleMs(duty: number): number {
    if (this.#done.length === 0) return 0;
    const worked = this.#done.reduce((sum, { from, to }) => sum + to - from, 0);
    return worked / this.#done.length / duty;
  }

  /**
   * The mean of a second, or of two cycles if they take longer.
   * @param batchMs how long a batch should take: of the last ones, some have not ended yet
   */
  perSecond(now: number, batchMs: number, cycleMs: number): number {
    const over = Math.max(OVER, CYCLES * cycleMs);
    const until = now - Math.max(cycleMs, Math.min(batchMs, OVER));
    const since = until - over;
    this.#done = this.#done.filter(({ to }) => to > since);
    let rows = 0;
    for (const { from, to, rows: all } of this.#done) {
      const inside = Math.min(to, until) - Math.max(from, since);
      if (inside > 0) rows += (all * inside) / (to - from);
    }
    return (rows * 1_000) / over;
  }
}
