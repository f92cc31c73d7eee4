import { expect, test } from '@jest/globals';
import { arrayLiteral, textOf } from '../../../jobs/context/literal';

test.each([
  [null, null],
  [undefined, null],
  ['NULL', 'NULL'],
  [1.5, '1.5'],
  [9007199254740993n, '9007199254740993'],
  [false, 'false'],
  [new Date('2026-11-22T12:34:56.789Z'), '2026-11-22T12:34:56.789Z'],
  [Buffer.from([0, 92, 255]), '\\x005cff'],
  [{ a: ['"'] }, '{"a":["\\""]}'],
  [[1, null, 'a"b\\'], '{"1",NULL,"a\\"b\\\\"}'],
  [
    [
      [1, 2],
      [3, null],
    ],
    '{{"1","2"},{"3",NULL}}',
  ],
  [[], '{}'],
])('textOf writes %p as Postgres reads it', (value, text) => {
  expect(textOf(value)).toBe(text);
});

test('arrayLiteral keeps NULL and the text NULL apart, and escapes quotes and backslashes', () => {
  expect(arrayLiteral([null, 'NULL', '', 'a,b', '{', '"', '\\'])).toBe(
    '{NULL,"NULL","","a,b","{","\\"","\\\\"}',
  );
  expect(arrayLiteral([])).toBe('{}');
});
