import { and, eq, gte, sql } from 'drizzle-orm';
import { AttemptOutdated } from '../../drizzle/rows/superseded';
import { migrations } from '../../drizzle/schema';
import { type Attempt, fence, fencedTransaction, type Transaction } from '../context/attempt';
import { JobUsageError } from '../context/jobUsageError';

/**
 * The value that a job keeps for its later attempts. Each save increments the version. So an attempt
 * notices when the database has lost a value that the attempt had saved.
 */
export class Checkpoint {
  /** The database must hold this version or a later one. */
  #version: number;
  #closed = false;
  /** The value that a dry run has saved. */
  #dry: unknown;

  /** @param version of the value that was stored when the attempt was claimed */
  constructor(
    private readonly attempt: Attempt,
    version: number,
  ) {
    this.#version = version;
  }

  /** The stored value, undefined when there is none. */
  read<T>(): Promise<T | undefined> {
    if (this.attempt.dry) return Promise.resolve(this.#dry as T | undefined);
    return fencedTransaction(this.attempt, async (tx) => {
      const [row] = await tx
        .select({ value: migrations.checkpoint, version: migrations.checkpointVersion })
        .from(migrations)
        .where(eq(migrations.name, this.attempt.migration));
      this.#requireVersion(row?.version);
      return (row?.value ?? undefined) as T | undefined;
    });
  }

  /** From now on nothing can be saved: verify() decides about what run() has done. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Stores `value`. With `tx`, it is stored when that transaction commits.
   * @throws TypeError when `tx` is not READ COMMITTED, JobUsageError after close(), and the errors of
   *   the fence
   */
  async save(value: unknown, tx?: Transaction): Promise<void> {
    if (this.#closed) {
      throw new JobUsageError('saveCheckpoint can be called only in run(), and run() has returned');
    }
    if (this.attempt.dry) {
      // As JSON holds it: a later read gives a Date as a text, and a bigint is refused.
      this.#dry = JSON.parse(JSON.stringify(value) ?? 'null') ?? undefined;
      return;
    }
    if (tx) {
      await refuseOlderSnapshot(tx);
      await fence(tx, this.attempt);
      // The new version counts only after the commit, so require the one before.
      this.#holds((await this.#write(tx, value)) - 1);
    } else {
      this.#holds(await fencedTransaction(this.attempt, (own) => this.#write(own, value)));
    }
    this.attempt.progressed();
  }

  async #write(tx: Transaction, value: unknown): Promise<number> {
    const update = tx
      .update(migrations)
      .set({
        checkpoint: value ?? null,
        checkpointVersion: sql`${migrations.checkpointVersion} + 1`,
        updatedAt: sql`now()`,
      })
      .where(
        and(
          eq(migrations.name, this.attempt.migration),
          gte(migrations.checkpointVersion, this.#version),
        ),
      )
      .returning({ version: migrations.checkpointVersion });
    // With `await update`, an error about the value would have a stack without the caller.
    const [row] = await update.execute();
    return this.#requireVersion(row?.version);
  }

  /** Several saves may run at once and finish in any order. */
  #holds(version: number): void {
    this.#version = Math.max(this.#version, version);
  }

  #requireVersion(version: number | undefined): number {
    if (version === undefined || version < this.#version) {
      throw new AttemptOutdated('the database has lost a checkpoint that this attempt had stored');
    }
    return version;
  }
}

/** Under REPEATABLE READ the fence would check a snapshot that is older than its lock. */
async function refuseOlderSnapshot(tx: Transaction): Promise<void> {
  const [row] = await tx.execute<{ isolation: string }>(
    sql`select current_setting('transaction_isolation') as isolation`,
  );
  if (row?.isolation !== 'read committed') {
    throw new TypeError(`saveCheckpoint needs a READ COMMITTED transaction, not ${row?.isolation}`);
  }
}
