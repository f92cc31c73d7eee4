import { getTableColumns, is, type SQL, sql } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import type { Attempt, Database } from '../attempt';
import { createBatch } from '../batch';
import { callEach } from '../dryRun';
import { JobUsageError } from '../jobUsageError';
import type { TableReference } from '../names';
import type { WalkOptions } from '../options';
import type { Columns } from '../readRows';
import type { Throttles } from '../throttle/throttles';
import { alongIndex } from '../walk/boundary';
import type { Key } from '../walk/key';
import type { KeyValues, Range } from '../walk/range';
import { TableWalk } from '../walk/tableWalk';
import type { Tally } from '../walk/tally';
import { runInOrder } from './inOrder';
import { type EachOptions, readEachOptions } from './options';
import { callRetried, retried } from './retried';

/** A row as forEach reads it, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** Options of `forEach` over the rows of a table. */
export interface EachRowOptions<
  C extends Columns = Columns,
  P extends number | undefined = number | undefined,
> extends WalkOptions,
    EachOptions<P> {
  /** The columns to read. Default: all columns of a Drizzle table. A plain name has no default. */
  readonly columns?: C | undefined;
}

interface RowPage {
  readonly rows: readonly { readonly row: Row; readonly key: KeyValues }[];
  /** The range that its rows were read from. */
  readonly range: Range;
  /** Whether it is the last page of the range. */
  readonly last: boolean;
}

/** Calls `body` at least once for each row, in the order of the key; see JobContext.forEach. */
export async function forEachRow(
  attempt: Attempt,
  tally: Tally,
  throttles: Throttles,
  name: string,
  table: TableReference,
  options: EachRowOptions,
  body: (given: Row | readonly Row[]) => PromiseLike<unknown>,
): Promise<void> {
  const { pageSize, paged, concurrency, checkpointEvery, pagesAhead } = readEachOptions(options);
  const columns = options.columns ?? allColumns(table);
  // Once for many rows, and what is lost would be done again.
  const durable = true;
  const walk = await TableWalk.open(attempt, tally, name, table, { ...options, durable });
  if (!walk || walk.isComplete) return;
  const { throttle } = options;
  const throttler = throttles.checking(attempt, { tableId: walk.key.tableId, throttle });
  const rowsAtOnce = checkpointEvery - (checkpointEvery % pageSize);
  const store = async (range: Range) => {
    const commit = () => walk.commit(range, async () => true);
    // It waits half a second for a locked table. All that is done since would be done again.
    const id = await retried(commit, attempt.signal);
    if (id !== undefined) await walk.finished(range, id);
  };
  /** The part of a range that is done, where the range itself is not. */
  let part: Range | undefined;
  try {
    await runInOrder<RowPage>(attempt.signal, {
      async *source(stop) {
        for await (const range of walk.ranges(() => rowsAtOnce)) {
          await throttler.waitForTurn(stop);
          const read = () =>
            walk.looking((key) => readRange(attempt.db, key, walk.where, range, columns));
          const rows = range.matching > 0 ? await retried(read, stop) : [];
          // A range without rows has to be stored as done, too.
          for (let at = 0; at === 0 || at < rows.length; at += pageSize) {
            const page = rows.slice(at, at + pageSize);
            yield { rows: page, range, last: at + pageSize >= rows.length };
          }
        }
      },
      concurrency,
      ahead: pagesAhead,
      work: async ({ rows }, stop) => {
        const [first] = rows;
        if (!first) return;
        const given = paged ? rows.map(({ row }) => row) : first.row;
        const { rowsTotal: total } = walk.stored;
        const over = walk.key.tableName;
        const call = { walk: name, over, total, rows: rows.length, lanes: concurrency };
        await callEach(attempt.dry, call, () => callRetried(async () => body(given), tally, stop));
      },
      passed: async ({ rows, range, last }) => {
        const upto = rows.at(-1)?.key;
        const done = (part?.matching ?? 0) + rows.length;
        part = last || !upto ? undefined : { ...range, upto, rows: done, matching: done };
        if (last) await store(range);
      },
    });
  } catch (thrown) {
    // Without this, a service that fails each hundredth call would stop all progress. If storing
    // fails too, the first error says more.
    if (part) await store(part).catch(() => {});
    throw thrown;
  }
  await walk.complete();
}

/** Reads a range's rows, each with its key as text. */
function readRange(
  db: Database,
  key: Key,
  where: SQL | undefined,
  range: Range,
  columns: Columns,
): Promise<{ row: Row; key: KeyValues }[]> {
  // alongIndex() also sets the formats that make a key's text the same in every session.
  return alongIndex(db, key, async (tx) => {
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
