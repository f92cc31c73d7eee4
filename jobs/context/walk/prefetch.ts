/**
 * Gives the items of `source`, and undefined at the end. It asks for `depth` items in advance, so
 * that the next range is looked up while a batch runs.
 */
export function prefetch<T>(
  source: AsyncIterator<T>,
  depth: () => number,
): () => Promise<T | undefined> {
  const drawn: Promise<IteratorResult<T>>[] = [];
  return async () => {
    while (drawn.length <= depth()) drawn.push(draw(source));
    const result = await drawn.shift();
    return result?.done ? undefined : result?.value;
  };
}

function draw<T>(source: AsyncIterator<T>): Promise<IteratorResult<T>> {
  const result = source.next();
  // The caller gets the error when it takes this item. Until then it must not count as unhandled.
  result.catch(() => {});
  return result;
}
