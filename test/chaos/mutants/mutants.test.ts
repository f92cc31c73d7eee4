import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { projectFolder } from '../../../settings/projectFolder';
import { edited } from './build';
import { MUTANTS } from './list/index';

// A refactoring that moves the code would otherwise turn a mutant off, and nobody would notice.
test.each(MUTANTS)('mutant $name fits the sources', ({ name, edits, without }) => {
  expect(edits.length > 0 || without !== undefined).toBe(true);
  for (const file of new Set(edits.map((edit) => edit.file))) {
    const text = readFileSync(path.join(projectFolder, file), 'utf8');
    const changed = edits
      .filter((edit) => edit.file === file)
      .reduce((before, edit) => edited(name, edit, before), text);
    expect(changed).not.toBe(text);
  }
});

test('each mutant has a name of its own', () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});

test.each([
  ['not at all', 'nothing of it'],
  ['2 times', 'one one'],
])('an edit is refused when what it replaces occurs %s', (times, text) => {
  const edit = { file: 'a.ts', find: 'one', replace: 'two' };
  expect(() => edited('m', edit, text)).toThrow(`mutant m does not fit a.ts any more`);
  expect(() => edited('m', edit, text)).toThrow(times);
});
