import type { Attempt } from '../attempt';
import { callEach } from '../dryRun';
import { JobUsageError } from '../jobUsageError';
import { isCount } from '../options';
import type { Tally } from '../walk/tally';
import { createCursor, positionOf } from './cursor';
import { runInOrder } from './inOrder';
import { type EachOptions, readEachOptions } from './options';
import { callRetried } from './retried';
import { untilAborted } from './untilAborted';

/** Options of `forEach` over an author's own iteration. */
export interface EachItemOptions<T, C, P extends number | undefined = number | undefined>
  extends EachOptions<P> {
  /**
   * Returns the position of an item, as a value that JSON can hold. A later attempt gives `source`
   * the position that was stored last. It is called before `body`, with the last item of a page.
   */
  readonly cursor: (item: T) => C;
  /** Number of all items, for the progress. Default: unknown. */
  readonly total?: number | undefined;
  /** As for a walk over a table: unique in the job. Default: the number of the walk, from 1. */
  readonly name?: string | undefined;
}

/**
 * Gives the items after `cursor`. `cursor` is undefined when nothing has been stored yet: then the
 * source begins at the first item.
 * @example
 * async function* pages(cursor: number | undefined) {
 *   for (let page = (cursor ?? 0) + 1; page <= 50; page++) yield await fetchPage(page);
 * }
 */
export type ItemSource<T, C> = (cursor: C | undefined) => AsyncIterable<T> | Iterable<T>;

interface ItemPage<T> {
  readonly items: readonly T[];
  /** The position of its last item. */
  readonly position: unknown;
}

/**
 * Calls `body` at least once for each item of an author's own iteration; see JobContext.forEach.
 */
export async function forEachItem<T, C>(
  attempt: Attempt,
  tally: Tally,
  name: string,
  source: ItemSource<T, C>,
  options: EachItemOptions<T, C>,
  body: (given: T | readonly T[]) => PromiseLike<unknown>,
): Promise<void> {
  const { pageSize, paged, concurrency, checkpointEvery, pagesAhead } = readEachOptions(options);
  requireItemOptions(options);
  const cursor = await createCursor(attempt, tally, name, options);
  if (cursor.completed) return;
  try {
    await runInOrder<ItemPage<T>>(attempt.signal, {
      async *source(stop) {
        const items = untilAborted(source(cursor.value as C | undefined), stop);
        for await (const page of pagesOf<T>(items, pageSize, stop)) {
          await attempt.hasRows?.('its source of items');
          // Before the body: it may change the item, and an error must not come after its work.
          yield { items: page, position: positionOf(options.cursor(page.at(-1) as T)) };
        }
      },
      concurrency,
      ahead: pagesAhead,
      work: ({ items }, stop) => {
        const { total = null } = options;
        const call = { walk: name, over: 'items', total, rows: items.length, lanes: concurrency };
        const given = paged ? items : (items[0] as T);
        return callEach(attempt.dry, call, () => callRetried(async () => body(given), tally, stop));
      },
      passed: async ({ items, position }) => {
        cursor.passed(position, items.length);
        if (cursor.unsaved >= checkpointEvery) await cursor.save();
      },
    });
  } catch (thrown) {
    // Without this, a service that fails each hundredth call would stop all progress. If saving
    // fails too, the first error says more.
    await cursor.save().catch(() => {});
    throw thrown;
  }
  await cursor.save();
  await cursor.complete();
}

/** @throws JobUsageError that names the first option with a value that is not allowed. */
function requireItemOptions({ cursor, total = 0 }: EachItemOptions<never, unknown>): void {
  if (typeof cursor !== 'function') {
    throw new JobUsageError(
      'forEach over items needs `cursor`: the function that returns the position of an item',
    );
  }
  if (total !== 0 && !isCount(total)) {
    throw new JobUsageError(`total is ${total}; it must be a whole number, or left out if unknown`);
  }
}

/** Collects items. When the source fails, those that it gave before come first. */
async function* pagesOf<T>(
  items: AsyncIterable<T>,
  size: number,
  stop: AbortSignal,
): AsyncGenerator<T[], void> {
  let page: T[] = [];
  try {
    for await (const item of items) {
      page.push(item);
      if (page.length < size) continue;
      yield page;
      page = [];
    }
  } catch (error) {
    if (page.length > 0 && !stop.aborted) yield page;
    throw error;
  }
  if (page.length > 0) yield page;
}
