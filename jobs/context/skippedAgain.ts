import type { Attempt, Transaction } from './attempt';
import { createBatch, enterBatch } from './batch';
import type { BatchBody } from './inBatches';
import type { Throttler } from './throttle/throttler';
import { backOff, TRIES_AT_MOST } from './walk/backOff';
import { alongIndex, keysOf } from './walk/boundary';
import { type DataError, dataErrorOf } from './walk/dataError';
import { requireSameLabels } from './walk/labels';
import { keepSkipped, type RowAgain, removeSkipped } from './walk/skippedRows';
import { requireSameTransaction } from './walk/store';
import type { TableWalk } from './walk/tableWalk';
import { troubleOf } from './walk/trouble';

/** What became of a row that was skipped before. */
type Outcome = 'done' | 'gone' | 'skipped again';

/**
 * Does the rows that an operator wants to be done again (`lrm retry --skipped`), one after the other.
 * The transaction that does a row removes its record. A row that is gone, or that needs nothing any
 * more, has its record removed, too.
 */
export class SkippedAgain {
  constructor(
    private readonly attempt: Attempt,
    private readonly walk: TableWalk,
    /** Whether a row that fails again is skipped again. Otherwise it fails the migration. */
    private readonly skips: boolean,
    private readonly throttler: Throttler,
    private readonly body: BatchBody,
  ) {}

  async run(): Promise<void> {
    const { attempt, walk, throttler } = this;
    if (walk.again.length === 0) return;
    const outcomes: Record<Outcome, number> = { done: 0, gone: 0, 'skipped again': 0 };
    for (const [index, row] of walk.again.entries()) {
      attempt.signal.throwIfAborted();
      await throttler.waitForTurn(attempt.signal);
      const begun = performance.now();
      const outcome = await throttler.working(() => this.#one(row));
      outcomes[outcome] += 1;
      if (outcome !== 'skipped again') walk.skipped -= 1;
      attempt.progressed();
      const ms = performance.now() - begun;
      // It was looked up in a transaction of its own.
      throttler.lookedUp(walk.lookUps + index + 1);
      throttler.did(1, ms, ms);
      await throttler.rest(ms, attempt.signal);
    }
    const { done, gone, 'skipped again': again } = outcomes;
    attempt.log.info(
      `walk '${walk.stored.name}', rows that were skipped: ${done} done, ${again} skipped again, ` +
        `${gone} not found any more or without anything to do (their records are removed)`,
    );
  }

  async #one(row: RowAgain): Promise<Outcome> {
    for (let failures = 0; ; ) {
      const found = await this.#isThere(row);
      try {
        return await (found ? this.#do(row) : this.#remove(row));
      } catch (error) {
        if (troubleOf(error)) {
          failures += 1;
          if (failures >= TRIES_AT_MOST) throw error;
          await backOff(failures, this.attempt.signal);
          continue;
        }
        const found = this.skips ? dataErrorOf(error) : undefined;
        if (!found) throw error;
        return this.#keep(row, found);
      }
    }
  }

  /** A look-up of its own: it changes settings, under which the author's code must not run. */
  async #isThere({ key: only }: RowAgain): Promise<boolean> {
    const { where } = this.walk;
    const keys = await this.walk.looking((key) =>
      alongIndex(this.attempt.db, key, (tx) => keysOf(tx, key, where, { only }, 1)),
    );
    return keys.length > 0;
  }

  #do(row: RowAgain): Promise<Outcome> {
    return this.#inTransaction(async (tx) => {
      const { key, where } = this.walk;
      const part = { only: row.key };
      enterBatch(tx, key, part);
      await this.body(tx, createBatch(tx, key, where, part));
      await removeSkipped(tx, row);
      return 'done';
    });
  }

  #remove(row: RowAgain): Promise<Outcome> {
    return this.#inTransaction(async (tx) => {
      await removeSkipped(tx, row);
      return 'gone';
    });
  }

  /** After the rollback, so the row is unchanged. */
  #keep(row: RowAgain, error: DataError): Promise<Outcome> {
    return this.#inTransaction(async (tx) => {
      await keepSkipped(tx, row, error);
      return 'skipped again';
    });
  }

  async #inTransaction(work: (tx: Transaction) => Promise<Outcome>): Promise<Outcome> {
    const { attempt, walk } = this;
    const { result } = await walk.transaction(async (tx, { transactionId }) => {
      const outcome = await work(tx);
      // When the attempt has to stop, the body may have returned early.
      attempt.signal.throwIfAborted();
      await requireSameTransaction(tx, transactionId);
      await requireSameLabels(tx, walk.key);
      return outcome;
    });
    return result;
  }
}
