import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { projectFolder } from '../../../settings/projectFolder';
import { withPart } from './page';

const ORDER = ['one', 'two', 'three'];

test('one part is replaced, and the others stay to the letter', () => {
  const page = withPart(
    withPart('', 'one', '## One\n', ORDER),
    'three',
    '## Three\n\n1 $& 2',
    ORDER,
  );
  const changed = withPart(page, 'three', '## Third', ORDER);
  expect(changed).toBe(page.replace('## Three\n\n1 $& 2', () => '## Third'));
  expect(withPart(changed, 'three', '## Third', ORDER)).toBe(changed);
});

test('a new part comes in its place', () => {
  const page = withPart(withPart('', 'three', '## Three', ORDER), 'one', '## One', ORDER);
  expect(withPart(page, 'two', '## Two', ORDER).match(/^## .*/gm)).toEqual([
    '## One',
    '## Two',
    '## Three',
  ]);
});

test('the page as it is can be written anew part by part', () => {
  const page = readFileSync(path.join(projectFolder, 'docs/benchmarks.md'), 'utf8');
  const parts = [...page.matchAll(/^<!-- part: (\w+) -->$/gm)].map(([, part]) => part ?? '');
  expect(parts).toContain('throughput');
  expect(page.match(/^## /gm)).toHaveLength(parts.length);
  const section = page.split(/^<!-- part: \w+ -->$/m)[1 + parts.indexOf('throughput')] ?? '';
  expect(withPart(page, 'throughput', section, parts)).toBe(page);
});
