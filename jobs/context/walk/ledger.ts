import type { Range } from './range';
import type { Finished } from './store';

interface Entry {
  readonly range: Range | Finished;
  finished?: Finished;
}

/** The ranges that an attempt has come to, in the walk's order, and which of them are done. */
export class Ledger {
  #entries: Entry[] = [];

  /** A range to be done, behind all others. */
  add(range: Range): void {
    this.#entries.push({ range });
  }

  /** One that an earlier attempt has done, behind all others. */
  addFinished(finished: Finished): void {
    this.#entries.push({ range: finished, finished });
  }

  /** The range is done and stored under this id. */
  finish(range: Range, id: bigint): void {
    const { after, upto, rows } = range;
    for (const entry of this.#entries) {
      if (entry.range === range) entry.finished = { id, after, upto, rows };
    }
  }

  /** The range is to be done in parts. */
  replace(range: Range, parts: readonly Range[]): void {
    const at = this.#entries.findIndex((entry) => entry.range === range);
    this.#entries.splice(at, 1, ...parts.map((part) => ({ range: part })));
  }

  /** Takes out the done ones at the front: those that adjoin the low-water mark and one another. */
  takeFront(): Finished[] {
    const firstOpen = this.#entries.findIndex((entry) => !entry.finished);
    const front = this.#entries.splice(0, firstOpen < 0 ? this.#entries.length : firstOpen);
    return front.flatMap(({ finished }) => finished ?? []);
  }
}
