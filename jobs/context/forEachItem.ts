import type { Attempt } from './attempt';
import { createCursor } from './cursor';
import { oneItem } from './dryRun';
import { checkpointEvery } from './options';
import type { Tally } from './walk/tally';

/** Options of `forEach` over an author's own iteration. */
export interface EachItemOptions<T, C> {
  /**
   * Returns the position of an item, as a value that JSON can hold. A later attempt gives `source`
   * the position that was stored last.
   */
  readonly cursor: (item: T) => C;
  /**
   * The cursor is stored each time after this many items. After a crash, at most this many are done
   * again. Default 100.
   */
  readonly checkpointEvery?: number | undefined;
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

/**
 * Calls `body` at least once for each item of an author's own iteration; see JobContext.forEach.
 */
export async function forEachItem<T, C>(
  attempt: Attempt,
  tally: Tally,
  name: string,
  source: ItemSource<T, C>,
  options: EachItemOptions<T, C>,
  body: (item: T) => PromiseLike<unknown>,
): Promise<void> {
  const every = checkpointEvery(options.checkpointEvery);
  const cursor = await createCursor<C>(attempt, tally, name, options);
  if (cursor.completed) return;
  try {
    for await (const item of untilAborted(source(cursor.value), attempt.signal)) {
      await attempt.hasRows?.('its source of items');
      await attempt.dry?.sideEffect('forEach calls its body outside of transactions');
      const begun = performance.now();
      await body(item);
      cursor.passed(options.cursor(item));
      await attempt.dry?.batch(oneItem(name, 'items', options.total, performance.now() - begun));
      if (cursor.unsaved >= every) await cursor.save();
    }
  } catch (thrown) {
    // Without this, a service that fails each hundredth call would stop all progress. If saving
    // fails too, the first error says more.
    await cursor.save().catch(() => {});
    throw thrown;
  }
  await cursor.save();
  await cursor.complete();
}

/**
 * Gives the items of a source.
 * @throws the signal's reason when it is aborted, also while it waits for an item.
 */
async function* untilAborted<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
): AsyncGenerator<Awaited<T>, void> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let ended = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await unlessAborted(signal, iterator.next());
      ended = next.done === true;
      if (next.done) return;
      yield await next.value;
    }
  } finally {
    // Not awaited: a source that never gives its next item may never close either.
    if (!ended) void close(iterator);
  }
}

/**
 * Not Promise.race: a promise for the abort would be in every race, and would keep every item in
 * memory until the abort.
 */
async function unlessAborted<T>(signal: AbortSignal, work: PromiseLike<T> | T): Promise<T> {
  let onAbort = () => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort);
      Promise.resolve(work).then(resolve, reject);
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function close(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The walk has ended for another reason already.
  }
}
