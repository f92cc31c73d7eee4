/** Over this time. Milliseconds. */
const OVER = 1_000;

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

  /** @param batchMs how long a batch takes: of the last ones, some have not ended yet */
  perSecond(now: number, batchMs: number): number {
    const until = now - Math.min(batchMs, OVER);
    const since = until - OVER;
    this.#done = this.#done.filter(({ to }) => to > since);
    let rows = 0;
    for (const { from, to, rows: all } of this.#done) {
      const inside = Math.min(to, until) - Math.max(from, since);
      if (inside > 0) rows += (all * inside) / (to - from);
    }
    return (rows * 1_000) / OVER;
  }
}
