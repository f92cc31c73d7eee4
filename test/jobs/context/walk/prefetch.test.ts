import { expect, test } from '@jest/globals';
import { prefetch } from '../../../../jobs/context/walk/prefetch';

/** Gives the numbers up to `last`, and counts the requests for them. */
function numbers(last: number) {
  const source = { asked: 0, next };
  async function next(): Promise<IteratorResult<number>> {
    source.asked += 1;
    return source.asked > last
      ? { done: true, value: undefined }
      : { done: false, value: source.asked };
  }
  return source;
}

test('prefetch asks for the items of the depth before they are needed', async () => {
  const source = numbers(10);
  const take = prefetch(source, () => 2);
  expect(source.asked).toBe(0);
  expect(await take()).toBe(1);
  expect(source.asked).toBe(3);
  expect(await take()).toBe(2);
  expect(source.asked).toBe(4);
});

test('prefetch keeps the order, and returns undefined at the end and after it', async () => {
  const take = prefetch(numbers(3), () => 2);
  const taken = await Promise.all(Array.from({ length: 5 }, take));
  expect(taken).toEqual([1, 2, 3, undefined, undefined]);
});

test('prefetch throws the error of an item when that item is taken, and not before', async () => {
  const source = (async function* () {
    yield 1;
    yield 2;
    throw new Error('look-up failed');
  })();
  const take = prefetch(source, () => 3);
  expect(await take()).toBe(1);
  // An unhandled rejection would end the process here.
  await new Promise((resolve) => setImmediate(resolve));
  expect(await take()).toBe(2);
  await expect(take()).rejects.toThrow('look-up failed');
});
