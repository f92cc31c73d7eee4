import { getTableColumns, is, sql } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { inTransaction } from '../../drizzle/transaction';
import type { Attempt, Database } from './attempt';
import { createBatch } from './batch';
import { JobUsageError } from './jobUsageError';
import type { TableReference } from './names';
import { checkpointEvery, type WalkOptions } from './options';
import type { Columns } from './readRows';
import { createThrottler } from './throttle';
import { alongIndex } from './walk/boundary';
import type { KeyValues, Range } from './walk/range';
import { TableWalk } from './walk/tableWalk';
import type { Tally } from './walk/tally';

/** A row as forEach reads it, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** Options of `forEach` over the rows of a table. */
export interface EachRowOptions<C extends Columns = Columns> extends WalkOptions {
  /** The columns to read. Default: all columns of a Drizzle table. A plain name has no default. */
  readonly columns?: C | undefined;
  /**
   * The walk's position is stored each time after this many rows. After a crash, at most this many
   * are done again. Default 100.
   */
  readonly checkpointEvery?: number | undefined;
}

/** Calls `body` at least once for each row, in the order of the key; see JobContext.forEach. */
export async function forEachRow(
  attempt: Attempt,
  tally: Tally,
  name: string,
  table: TableReference,
  options: EachRowOptions,
  body: (row: Row) => PromiseLike<unknown>,
): Promise<void> {
  if ('groupBy' in options && options.groupBy !== undefined) {
    throw new JobUsageError("forEach goes along a 'key', not along groups (groupBy)");
  }
  const every = checkpointEvery(options.checkpointEvery);
  const columns = options.columns ?? allColumns(table);
  const throttler = createThrottler(attempt, options.throttle);
  const walk = await TableWalk.open(attempt, tally, name, table, options);
  if (!walk || walk.isComplete) return;
  const store = async (range: Range) =>
    walk.finished(
      range,
      await inTransaction(attempt.db, async (tx) => walk.store(tx, await walk.enter(tx), range)),
    );
  for await (const range of walk.ranges(() => every)) {
    await throttler.waitForTurn(attempt.signal);
    const page = range.matching > 0 ? await readPage(attempt.db, walk, range, columns) : [];
    let done = 0;
    try {
      for (const { row } of page) {
        attempt.signal.throwIfAborted();
        await body(row);
        done += 1;
      }
    } catch (thrown) {
      // Without this, a service that fails each hundredth call would stop all progress. If storing
      // fails too, the first error says more.
      const upto = page[done - 1]?.key;
      if (upto) await store({ ...range, upto, rows: done, matching: done }).catch(() => {});
      throw thrown;
    }
    await store(range);
  }
  attempt.signal.throwIfAborted();
  await walk.complete();
}

/** Reads a range's rows, each with its key as text. */
function readPage(
  db: Database,
  { key, where }: Pick<TableWalk, 'key' | 'where'>,
  range: Range,
  columns: Columns,
): Promise<{ row: Row; key: KeyValues }[]> {
  // alongIndex() also sets the formats that make a key's text the same in every session.
  return alongIndex(db, async (tx) => {
    const texts = key.columns.map(({ column }) => sql<string>`${column}::text`);
    // Not locked: `body` may take minutes for a row, and no transaction stays open for so long.
    const rows = await createBatch(tx, key, where, range).rows(
      { ...columns, [KEY]: sql<KeyValues>`array[${sql.join(texts, sql`, `)}]` },
      { lock: false },
    );
    return rows.map(({ [KEY]: values, ...row }) => ({ row, key: values as KeyValues }));
  });
}

/** A name that no author gives to a column. */
const KEY = 'lrm:key';

function allColumns(table: TableReference): Columns {
  if (is(table, PgTable)) return getTableColumns(table);
  throw new JobUsageError('forEach over a plain name needs `columns`: the columns to read');
}
