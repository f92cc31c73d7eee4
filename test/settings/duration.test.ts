import { expect, test } from '@jest/globals';
import { durationText } from '../../settings/duration';

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
