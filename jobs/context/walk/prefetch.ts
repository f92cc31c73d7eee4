/**
 * Draws from `source` so many items before they are asked for: the next boundary is looked up
 * while a batch runs. Returns undefined at the end.
 */
export function prefetch<T>(source: AsyncIterator<T>, depth: number): () => Promise<T | undefined> {
  const drawn: Promise<IteratorResult<T>>[] = [];
  return async () => {
    while (drawn.length <= depth) drawn.push(draw(source));
    const result = await drawn.shift();
    return result?.done ? undefined : result?.value;
  };
}

function draw<T>(source: AsyncIterator<T>): Promise<IteratorResult<T>> {
  const result = source.next();
  // Whoever comes to this item gets the error; until then it isn't an unhandled one.
  result.catch(() => {});
  return result;
}
