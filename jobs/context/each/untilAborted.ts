/**
 * Gives the items of a source.
 * @throws the signal's reason when it is aborted, also while it waits for an item.
 */
export async function* untilAborted<T>(
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
