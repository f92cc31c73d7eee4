import { expect, test } from '@jest/globals';
import { time } from '../../../client/status/format';
import { columnsWithNotes } from '../../../client/status/layout';
import { wrap } from '../../../client/status/wrap';

test.each([
  [0, '2026-11-22 17:03:11+00'],
  [-300, '2026-11-22 12:03:11-05'],
  [330, '2026-11-22 22:33:11+05:30'],
])('time has its zone, as Postgres writes it: %d minutes east', (east, expected) => {
  expect(time(new Date('2026-11-22T17:03:11.987Z'), east)).toBe(expected);
});

test("time of a date that JavaScript does not have (Postgres's infinity)", () => {
  expect(time(new Date(Number.NaN))).toBe('unknown');
});

test('wrap keeps words and lines, and cuts a word that is longer than a line', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('abcdefghij xy', 4)).toEqual(['abcd', 'efgh', 'ij', 'xy']);
  expect(wrap('a\nb', 10)).toEqual(['a', 'b']);
});

const HEADS = ['Name', '>Rows'];
const ROWS = [
  { cells: ['0001_a', '1'], note: 'short' },
  { cells: ['0002_b', '22'], note: 'a note that is too long for the last column of this table' },
];

test('columnsWithNotes puts a note that does not fit below its row, uncut', () => {
  expect(columnsWithNotes(HEADS, ROWS, 40)).toBe(
    [
      'Name    Rows',
      '0001_a     1  short',
      '0002_b    22',
      '  a note that is too long for the last',
      '  column of this table',
    ].join('\n'),
  );
});

test('columnsWithNotes counts a wide letter as two columns', () => {
  const rows = [
    { cells: ['0001_a', '1'], note: '待待待' },
    { cells: ['0002_b', '2'], note: '待待待待' },
  ];
  expect(columnsWithNotes(HEADS, rows, 20)).toBe(
    ['Name    Rows', '0001_a     1  待待待', '0002_b     2', '  待待待待'].join('\n'),
  );
});

test('columnsWithNotes neither cuts nor wraps without a terminal', () => {
  expect(columnsWithNotes(HEADS, ROWS, undefined)).toMatch(/^0002_b {4}22 {2}a note .* table$/m);
});
