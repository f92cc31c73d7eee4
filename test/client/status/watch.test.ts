import { expect, test } from '@jest/globals';
import { frame } from '../../../client/status/watch';

test('frame draws from the top, and clears the rest of each line and all below the last one', () => {
  expect(frame('one\ntwo', 24)).toBe(
    '\u001b[Hone\u001b[K\ntwo\u001b[K\n\u001b[K\nq or Ctrl-C: back\u001b[K\u001b[J',
  );
});

test('frame of a long text keeps its first lines, and does not scroll', () => {
  expect(frame('1\n2\n3\n4\n5', 3)).toBe('\u001b[H1\u001b[K\n2\u001b[K\n3\u001b[K\u001b[J');
});

test('frame fills a small terminal exactly: it has no new line after its last one', () => {
  const lines = frame('1\n2', 4).split('\n');
  expect(lines).toHaveLength(4);
  expect(lines.at(-1)).toMatch('q or Ctrl-C');
});
