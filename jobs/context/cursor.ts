import { and, eq } from 'drizzle-orm';
import { AttemptOutdated } from '../../drizzle/rows/superseded';
import { type WalkRow, walks } from '../../drizzle/schema';
import { type Attempt, fencedTransaction } from './attempt';
import { JobUsageError } from './jobUsageError';
import { requireShape } from './walk/shape';
import { completeWalk, findWalk, insertWalk, unstored } from './walk/store';
import type { Tally } from './walk/tally';

/** Keeps a walk over a table from going on under the name of a walk over items. */
const SHAPE = { table: 'none' };

/** The position of an author's own iteration. */
export class Cursor<C> {
  #value: C | undefined;
  /** Items passed since the cursor was stored. */
  #unsaved = 0;
  #done: number;
  /** Items passed, as stored in the database. */
  #stored: number;

  constructor(
    private readonly attempt: Attempt,
    private readonly tally: Tally,
    private readonly row: WalkRow,
  ) {
    this.#value = (row.cursor ?? undefined) as C | undefined;
    this.#done = row.rowsDone;
    this.#stored = row.rowsDone;
    this.#report(row.rowsTotal);
  }

  get completed(): boolean {
    return this.row.completedAt !== null;
  }

  get value(): C | undefined {
    return this.#value;
  }

  get unsaved(): number {
    return this.#unsaved;
  }

  /**
   * Notes that the item at `value` is done.
   * @throws JobUsageError when `value` can't be stored.
   */
  passed(value: C): void {
    if (value === undefined || typeof (value as { then?: unknown } | null)?.then === 'function') {
      throw new JobUsageError(
        'cursor: it must return the position of the item at once, not a promise or nothing',
      );
    }
    this.#value = value;
    this.#unsaved += 1;
    this.#done += 1;
    this.#report(this.row.rowsTotal);
  }

  /**
   * Stores the cursor for later attempts.
   * @throws AttemptOutdated when the database has lost the cursor that this attempt stored before.
   */
  async save(): Promise<void> {
    if (this.#unsaved === 0 || this.attempt.dry) return;
    const stored = await fencedTransaction(this.attempt, (tx) =>
      tx
        .update(walks)
        .set({ cursor: this.#value, rowsDone: this.#done })
        .where(and(eq(walks.id, this.row.id), eq(walks.rowsDone, this.#stored)))
        .returning({ id: walks.id }),
    );
    if (stored.length !== 1) {
      throw new AttemptOutdated(
        `the database has lost the cursor of walk '${this.row.name}' that this attempt had stored`,
      );
    }
    this.#stored = this.#done;
    this.#unsaved = 0;
    this.attempt.progressed();
  }

  async complete(): Promise<void> {
    if (this.attempt.dry) return;
    await completeWalk(this.attempt, this.row, this.#stored);
    this.#report(this.#done);
  }

  #report(total: number | null): void {
    this.tally.report(this.row.name, { done: this.#done, total });
  }
}

/** Begins an author's iteration, or continues the one of that name. */
export async function createCursor<C>(
  attempt: Attempt,
  tally: Tally,
  name: string,
  { total }: { readonly total?: number | undefined },
): Promise<Cursor<C>> {
  if (attempt.dry) {
    const begun = { upperBound: null, rowsTotal: total ?? null };
    return new Cursor<C>(attempt, tally, unstored(attempt, name, SHAPE, begun));
  }
  const found = await fencedTransaction(attempt, (tx) => findWalk(tx, attempt.migration, name));
  if (found) requireShape(found, SHAPE);
  const begins = { upperBound: null, rowsTotal: total ?? null };
  const row = found ?? (await insertWalk(attempt, name, SHAPE, begins));
  return new Cursor<C>(attempt, tally, row);
}
