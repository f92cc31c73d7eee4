import { getTableColumns, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { type Attempt, fencedTransaction } from './attempt';
import { createBatch } from './batch';
import { createCursor } from './cursor';
import type { TableReference } from './names';
import { isCount, type WalkOptions } from './options';
import type { Columns } from './readRows';
import { Refused } from './refused';
import { createBrake } from './throttle';
import { nextRange } from './walk/boundary';
import { TableWalk } from './walk/tableWalk';
import type { Tally } from './walk/tally';

/** How forEach() goes over a table's rows. */
export interface EachRowOptions<C extends Columns = Columns> extends WalkOptions {
  /** What to read of each row. Default: all of its columns. */
  readonly columns?: C | undefined;
  /** Rows after which it is stored how far the walk is; up to as many are done again. Default 100. */
  readonly checkpointEvery?: number | undefined;
}

/** How forEach() goes over anything else. */
export interface EachItemOptions<T, C> {
  /** Where an item is: `source` gets that of the last stored one. Anything JSON can hold. */
  readonly cursor: (item: T) => C;
  /** Items after which the cursor is stored; up to as many are done again. Default 100. */
  readonly checkpointEvery?: number | undefined;
  /** Items in all, for the progress; default unknown. */
  readonly total?: number | undefined;
  /** As for a walk: unique in the job; default its number. */
  readonly name?: string | undefined;
}

/** Begins behind `cursor`, or at the first item when nothing has been stored yet. */
export type ItemSource<T, C> = (cursor: C | undefined) => AsyncIterable<T> | Iterable<T>;

/** Work that a crash just before a checkpoint repeats: little enough for most services. */
const CHECKPOINT_EVERY = 100;

/** Goes over a table's rows in the key's order, at least once each; see JobContext.forEach. */
export async function forEachRow(
  attempt: Attempt,
  tally: Tally,
  table: TableReference,
  options: EachRowOptions,
  body: (row: never) => PromiseLike<unknown>,
): Promise<void> {
  const every = checkpointEvery(options.checkpointEvery);
  const columns = options.columns ?? allColumns(table);
  const brake = createBrake(attempt, options.throttle);
  const walk = await TableWalk.open(attempt, tally, table, options);
  if (!walk) return;
  const ranges = walk.ranges((gap) => nextRange(attempt.db, walk.key, walk.where, gap, every));
  for await (const range of ranges) {
    await brake.waitForTurn(attempt.signal);
    const page = createBatch(attempt.db, walk.key, walk.where, range);
    // Not locked: what is done to a row may take minutes, and no transaction waits for it.
    const rows = range.matching > 0 ? await page.rows(columns, { lock: false }) : [];
    for (const row of rows) {
      attempt.signal.throwIfAborted();
      await body(row as never);
    }
    await walk.finished(range, await fencedTransaction(attempt, (tx) => walk.store(tx, range)));
  }
  attempt.signal.throwIfAborted();
  await walk.complete();
}

/** Goes over an author's own iteration, at least once each; see JobContext.forEach. */
export async function forEachItem<T, C>(
  attempt: Attempt,
  tally: Tally,
  source: ItemSource<T, C>,
  options: EachItemOptions<T, C>,
  body: (item: T) => PromiseLike<unknown>,
): Promise<void> {
  const every = checkpointEvery(options.checkpointEvery);
  const cursor = await createCursor<C>(attempt, tally, options);
  if (cursor.completed) return;
  for await (const item of source(cursor.value)) {
    if (attempt.signal.aborted) break;
    await body(item);
    cursor.passed(options.cursor(item));
    if (cursor.unsaved >= every) await cursor.save();
  }
  await cursor.save();
  attempt.signal.throwIfAborted();
  await cursor.complete();
}

function checkpointEvery(given = CHECKPOINT_EVERY): number {
  if (isCount(given)) return given;
  throw new Refused(`checkpointEvery is ${given}; it must be a whole number above 0`);
}

function allColumns(table: TableReference): Columns {
  if (is(table, PgTable)) return getTableColumns(table);
  throw new Refused('forEach over a plain name needs `columns`: what to read of each row');
}
