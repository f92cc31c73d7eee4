import type { Range } from './range';
import type { Finished } from './store';

interface Entry {
  readonly range: Range | Finished;
  finished?: Finished;
}

/** The ranges that an attempt has begun or found finished, in the walk's order. */
export class Ledger {
  #entries: Entry[] = [];

  /** Adds a range that is to be done, after all others. */
  add(range: Range): void {
    this.#entries.push({ range });
  }

  /** Adds a range that an earlier attempt has finished, after all others. */
  addFinished(finished: Finished): void {
    this.#entries.push({ range: finished, finished });
  }

  /** Notes that the range is done and stored under this ID. */
  finish(range: Range, id: bigint): void {
    const { after, upto, rows } = range;
    for (const entry of this.#entries) {
      if (entry.range === range) entry.finished = { id, after, upto, rows };
    }
  }

  /** Puts the parts of a range in its place. */
  replace(range: Range, parts: readonly Range[]): void {
    const at = this.#entries.findIndex((entry) => entry.range === range);
    this.#entries.splice(at, 1, ...parts.map((part) => ({ range: part })));
  }

  /**
   * Removes and returns the finished ranges before the first open one. They adjoin the low-water
   * mark.
   */
  takeFront(): Finished[] {
    const firstOpen = this.#entries.findIndex((entry) => !entry.finished);
    const front = this.#entries.splice(0, firstOpen < 0 ? this.#entries.length : firstOpen);
    return front.flatMap(({ finished }) => finished ?? []);
  }
}
