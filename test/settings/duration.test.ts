import { expect, test } from '@jest/globals';
import { duration, durationText } from '../../settings/duration';

test.each([
  ['1 ms', 1],
  ['1.4ms', 1],
  ['30 seconds', 30_000],
  ['2h', 7_200_000],
  ['24 days', 24 * 86_400_000],
])('duration(%p) is %d', (text, milliseconds) => {
  expect(duration(text)).toBe(milliseconds);
});

test.each([
  ['no unit', '30'],
  ['no number', 'soon'],
  ['nothing', ''],
  ['too short', '0.4 ms'],
  ['negative', '-1 second'],
  ['too long for a timer', '25 days'],
  ['a very long text', `${'0'.repeat(100)}1 second`],
])('duration() refuses %s', (_, text) => {
  expect(duration(text)).toBeUndefined();
});

test.each([
  [0, '0 s'],
  [499, '0 s'],
  [8_000, '8 s'],
  [60_000, '1 min'],
  [200_000, '3 min 20 s'],
  [3_599_700, '1 h'],
  [7_500_000, '2 h 5 min'],
  [3 * 86_400_000 + 4 * 3_600_000 + 59_000, '3 d 4 h'],
  [-5_000, '0 s'],
  [Number.POSITIVE_INFINITY, 'for ever'],
])('durationText(%d) is %s', (milliseconds, expected) => {
  expect(durationText(milliseconds)).toBe(expected);
});
