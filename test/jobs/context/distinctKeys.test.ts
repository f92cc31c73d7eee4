import { expect, test } from '@jest/globals';
import { surelyDistinct } from '../../../jobs/context/distinctKeys';
import type { Target } from '../../../jobs/context/targets';

const key = (type: string, property = 'id'): Target => ({
  name: property,
  property,
  qualifiedType: `pg_catalog.${type}`,
  collation: null,
  unnests: true,
  toDriver: undefined,
});
const ids = (...all: unknown[]) => all.map((id) => ({ id }));

test.each([
  ['int8', ids(1n, 2, '3', -4, 0), true],
  ['int8', ids(1n, '1'), false],
  ['int4', ids(0, -0), false],
  // The same number to Postgres, with another text.
  ['int4', ids('1', '01'), false],
  ['int4', ids('1', '+2'), false],
  ['int4', ids(1, ' 1'), false],
  ['int8', ids(1e21, 2), false],
  ['int2', ids(1, null), false],
  ['int2', ids(1, 1.5), false],
  ['numeric', ids('1.0', '2.0'), false],
  ['text', ids('a', 'b'), false],
  [
    'uuid',
    ids('0b6e1e0a-8d3c-4f5e-9f6a-1c2d3e4f5a6b', '0b6e1e0a-8d3c-4f5e-9f6a-1c2d3e4f5a6c'),
    true,
  ],
  [
    'uuid',
    ids('0b6e1e0a-8d3c-4f5e-9f6a-1c2d3e4f5a6b', '0B6E1E0A-8D3C-4F5E-9F6A-1C2D3E4F5A6B'),
    false,
  ],
])('keys of type %s, %p, are different for sure: %p', (type, rows, distinct) => {
  expect(surelyDistinct([key(type)], rows)).toBe(distinct);
});

test('composite keys are different for sure if one of their columns is', () => {
  const keys = [key('int4', 'a'), key('int4', 'b')];
  expect(
    surelyDistinct(keys, [
      { a: 1, b: 12 },
      { a: 11, b: 2 },
    ]),
  ).toBe(true);
  expect(
    surelyDistinct(keys, [
      { a: 1, b: 2 },
      { a: 1, b: 2 },
    ]),
  ).toBe(false);
  expect(surelyDistinct([key('int4', 'a'), key('text', 'b')], [{ a: 1, b: 'x' }])).toBe(false);
});

test("keys are compared as Drizzle's column writes them", () => {
  const halved = { ...key('int4'), toDriver: (value: unknown) => Math.floor(Number(value) / 2) };
  expect(surelyDistinct([halved], ids(2, 3))).toBe(false);
  expect(surelyDistinct([halved], ids(2, 4))).toBe(true);
});
