import { expect, test } from '@jest/globals';
import { plainText } from '../../settings/plainText';

test.each([
  ['colours', 'a \u001b[31mred\u001b[0m b', 'a red b'],
  ['cursor moves and clearing', '\u001b[2J\u001b[1;1Ha', 'a'],
  ['a title', 'a\u001b]0;owned\u0007b', 'ab'],
  ['a link', '\u001b]8;;http://evil.example\u001b\\text\u001b]8;;\u001b\\', 'text'],
  ['8-bit sequences', 'a\u009b31mb\u0085c', 'ab c'],
  ['an unfinished sequence', 'a\u001b]0;b', 'a]0;b'],
  ['lines', 'a\r\nb\tc\u2028d\u2029e', 'a b c d e'],
  ['control characters', 'a\0b\bc\u007fd', 'abcd'],
  ['overrides and isolates', 'a\u202egpj.\u202c\u2066b\u2069\u200e\u200f\u061cc', 'agpj.bc'],
  ['half a character', 'a\ud800b', 'a\ufffdb'],
  ['harmless text', 'ä 漢 😀 <b> | `x` … עברית', 'ä 漢 😀 <b> | `x` … עברית'],
])('%s', (_, text, plain) => {
  expect(plainText(text)).toBe(plain);
});
