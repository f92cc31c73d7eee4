import type { Attempt } from './attempt';
import { createCursor } from './cursor';
import { checkpointEvery } from './options';
import type { Tally } from './walk/tally';

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

/** Goes over an author's own iteration, at least once each; see JobContext.forEach. */
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
      await body(item);
      cursor.passed(options.cursor(item));
      if (cursor.unsaved >= every) await cursor.save();
    }
  } catch (thrown) {
    // Or a service that fails each hundredth call would let it get nowhere. Should this fail, too,
    // the first error tells more.
    await cursor.save().catch(() => {});
    throw thrown;
  }
  await cursor.save();
  await cursor.complete();
}

/**
 * The items of a source, until it has no more.
 * @throws the signal's reason, also while it waits for an item.
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
    // Not waited for: what never gives an item may never end either.
    if (!ended) void close(iterator);
  }
}

/** Not Promise.race: one with the signal's end would hold on to every item until then. */
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
    // Nobody is left to tell.
  }
}
