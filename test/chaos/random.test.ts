import { expect, test } from '@jest/globals';
import { createRandom } from './random';

const take = (seed: string, count = 20): number[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.integer(0, 1_000));
};

test('a seed determines the numbers', () => {
  expect(take('7')).toEqual(take('7'));
  expect(take('7')).not.toEqual(take('8'));
});

test('a fork does not depend on what was taken before', () => {
  const fresh = createRandom('7').fork('load');
  const used = createRandom('7');
  used.integer(0, 9);
  const other = used.fork('load');
  expect(other.integer(0, 1_000_000)).toBe(fresh.integer(0, 1_000_000));
  expect(createRandom('7').fork('load').integer(0, 1_000_000)).not.toBe(
    createRandom('7').fork('nemesis').integer(0, 1_000_000),
  );
});

test('it picks each choice, and refuses to pick from none', () => {
  const random = createRandom('7');
  const picked = new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c'])));
  expect([...picked].sort()).toEqual(['a', 'b', 'c']);
  expect(() => random.pick([])).toThrow('nothing to pick from');
});

test('a chance of 0 never comes, one of 1 always, one of a quarter about that often', () => {
  const random = createRandom('7');
  const often = (share: number) =>
    Array.from({ length: 2_000 }, () => random.chance(share)).filter(Boolean).length;
  expect(often(0)).toBe(0);
  expect(often(1)).toBe(2_000);
  expect(Math.abs(often(0.25) - 500)).toBeLessThan(100);
});
