import { expect, test } from '@jest/globals';
import { migrationName } from '../../client/arguments/name';
import { slug } from '../../client/new/description';
import { UsageError } from '../../settings/usageError';

test.each([
  ['../0001_a', 'it is a path'],
  ['/etc/0001_a', 'it is a path'],
  ['jobs\\0001_a', 'it is a path'],
  ['0001_a.ts', "type it without the file's ending"],
  [`0001_${'a'.repeat(295)}`, 'it has 300 characters; the limit is 255'],
  ['0001_Sample', 'use lowercase letters only'],
  ['sample', 'it must begin with four digits'],
  ['1_sample', 'it must begin with four digits'],
  ['0001_a-b', 'use lowercase letters, digits and'],
  ['0001_ä', 'use lowercase letters, digits and'],
  ['0001_', 'use lowercase letters, digits and'],
  ['0001_a\n', 'use lowercase letters, digits and'],
  ['', 'it is empty'],
])('migrationName refuses %j and says why', (typed, problem) => {
  expect(() => migrationName(typed)).toThrow(UsageError);
  expect(() => migrationName(typed)).toThrow(problem);
  expect(() => migrationName(typed)).not.toThrow('\n');
});

test('migrationName accepts a name of the greatest length', () => {
  const name = `0001_${'a'.repeat(250)}`;
  expect(migrationName(name)).toBe(name);
});

test.each([
  ['Backfill e-mail (lower)', 'backfill_e_mail_lower'],
  ['Résumé   hinzufügen', 'resume_hinzufugen'],
  ['already_fine_2', 'already_fine_2'],
])('slug turns %j into a part of a name', (description, expected) => {
  expect(slug(description)).toBe(expected);
});

test.each(['../x', 'a/b', '日本', '  ', 'a'.repeat(101)])('slug refuses %j', (description) => {
  expect(() => slug(description)).toThrow(UsageError);
});
