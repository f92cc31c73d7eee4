import { and, eq } from 'drizzle-orm';
import { AttemptOutdated } from '../../../drizzle/rows/superseded';
import { type WalkRow, walks } from '../../../drizzle/schema';
import { type Attempt, fencedTransaction } from '../attempt';
import { JobUsageError } from '../jobUsageError';
import { requireShape } from '../walk/shape';
import { completeWalk, findWalk, insertWalk, unstored } from '../walk/store';
import type { Tally } from '../walk/tally';

/** Keeps a walk over a table from going on under the name of a walk over items. */
const SHAPE = { table: 'none' };

/** The position of an author's own iteration. */
export class Cursor {
  #value: unknown;
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
    this.#value = row.cursor ?? undefined;
    this.#done = row.rowsDone;
    this.#stored = row.rowsDone;
    this.#report(row.rowsTotal);
  }

  get completed(): boolean {
    return this.row.completedAt !== null;
  }

  get value(): unknown {
    return this.#value;
  }

  get unsaved(): number {
    return this.#unsaved;
  }

  /** Notes that `count` more items are done, the last of them at `position`. */
  passed(position: unknown, count: number): void {
    this.#value = position;
    this.#unsaved += count;
    this.#done += count;
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

/**
 * A copy of the position that an author's `cursor` returned, as JSON holds it. The author's code may
 * change the original later.
 * @throws JobUsageError when a later attempt could not begin there.
 */
export function positionOf(value: unknown): unknown {
  if (typeof (value as { then?: unknown } | null | undefined)?.then !== 'function') {
    const text = asJson(value);
    // Null means that nothing is stored. JSON has no NaN: it becomes null.
    if (text !== undefined && text !== 'null') return JSON.parse(text);
  }
  throw new JobUsageError(
    'cursor: it must return the position of the item at once, as a value that JSON can hold: not a ' +
      'promise, a bigint, null or nothing',
  );
}

function asJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Begins an author's iteration, or continues the one of that name. */
export async function createCursor(
  attempt: Attempt,
  tally: Tally,
  name: string,
  { total }: { readonly total?: number | undefined },
): Promise<Cursor> {
  const begins = { upperBound: null, rowsTotal: total ?? null };
  if (attempt.dry) return new Cursor(attempt, tally, unstored(attempt, name, SHAPE, begins));
  const found = await fencedTransaction(attempt, (tx) => findWalk(tx, attempt.migration, name));
  if (found) requireShape(found, SHAPE);
  const row = found ?? (await insertWalk(attempt, name, SHAPE, begins));
  return new Cursor(attempt, tally, row);
}
