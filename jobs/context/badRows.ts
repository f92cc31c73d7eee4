import type { Attempt } from './attempt';
import { JobUsageError } from './jobUsageError';
import { alongIndex, keysOf } from './walk/boundary';
import { dataErrorOf } from './walk/dataError';
import { sameKey } from './walk/gaps';
import type { KeyValues, Range } from './walk/range';
import { insertSkipped, lockAndCount } from './walk/skippedRows';
import type { TableWalk } from './walk/tableWalk';
import { troubleOf } from './walk/trouble';

/** More than one is enough to know that a range is not a single row. */
const TWO = 2;

/**
 * Finds the bad rows in ranges that fail because of their data, and leaves them out (`onError:
 * 'skip'`). A range is cut in halves until a part is a single row. When that fails too, its
 * transaction has been rolled back. So the row is unchanged when the next transaction records it and
 * stores its range as done.
 */
export class BadRows {
  /** Ranges that can't be cut, with the keys that were in them before their last try. */
  readonly #single = new WeakMap<Range, readonly KeyValues[]>();

  constructor(
    private readonly attempt: Attempt,
    private readonly walk: TableWalk,
    private readonly maxSkipped: number,
  ) {}

  /** To be called before each try of a range. Returns false when no row is left in it. */
  async hasRows(range: Range): Promise<boolean> {
    if (range.matching === 0) return false;
    if (!this.#single.has(range)) return true;
    const { where } = this.walk;
    const keys = await this.walk.looking((key) =>
      alongIndex(this.attempt.db, key, (tx) => keysOf(tx, key, where, range, TWO)),
    );
    this.#single.set(range, keys);
    return keys.length > 0;
  }

  /** What to try instead of a range that has failed: its halves, or the same range as a single row. */
  async cut(range: Range): Promise<Range[]> {
    const keys = this.#single.get(range);
    // Rows may have been inserted into what was a single row's range.
    const isSingle = keys ? keys.length <= 1 : range.matching <= 1;
    if (!isSingle) {
      const parts = await this.walk.split(range, Math.max(1, Math.floor(range.matching / 2)));
      // A part of one row needs no further try before it is known to be the bad one.
      for (const part of parts) if (part.matching <= 1) this.#single.set(part, []);
      if (parts.length > 1) return parts;
    }
    this.#single.set(range, keys ?? []);
    return [range];
  }

  /**
   * Records the only row of a range that has failed, and stores the range as done.
   * @returns the ID of the stored range; undefined when this is no error of the data, the range is
   *   not known to be a single row yet, or other rows are in it now
   * @throws JobUsageError when too many rows have been skipped
   */
  async skip(range: Range, error: unknown): Promise<bigint | undefined> {
    const found = dataErrorOf(error);
    const [only, ...more] = this.#single.get(range) ?? [];
    if (!found || troubleOf(error) || !only || more.length > 0) return undefined;
    const { attempt, walk } = this;
    return walk.commit(range, async (tx) => {
      const now = await keysOf(tx, walk.key, walk.where, range, TWO);
      if (now.length !== 1 || !sameKey(now[0] ?? null, only)) return false;
      const skipped = await lockAndCount(tx, walk.stored);
      if (skipped >= this.maxSkipped) throw this.#tooMany(error);
      await insertSkipped(tx, walk.stored, only, found);
      walk.skipped = skipped + 1;
      // When the attempt has to stop, an error may come from that.
      attempt.signal.throwIfAborted();
      return true;
    });
  }

  isOfData(error: unknown): boolean {
    return dataErrorOf(error) !== undefined;
  }

  #tooMany(cause: unknown): JobUsageError {
    const { name, migration } = this.walk.stored;
    return new JobUsageError(
      `walk '${name}' has skipped ${this.maxSkipped} rows, which is its maxSkipped, and one more ` +
        `fails: look at them (npx lrm skipped ${migration}), and fix the job or the data`,
      { cause },
    );
  }
}
