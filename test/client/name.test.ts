import { expect, test } from '@jest/globals';
import { migrationName } from '../../client/arguments/name';
import { slug } from '../../client/new/description';
import { UsageError } from '../../settings/usageError';

test.each([
  ['../0001_a', 'it is a path'],
  ['/etc/0001_a', 'it is a path'],
  ['jobs\\0001_a', 'it is a path'],
  ['0001_a.ts', "leave the file's ending off"],
  [`0001_${'a'.repeat(295)}`, 'it has 300 characters, and 255 are possible'],
  ['0001_Sample', 'small letters only'],
  ['sample', 'it begins with four digits'],
  ['1_sample', 'it begins with four digits'],
  ['0001_a-b', 'small letters, digits and'],
  ['0001_ä', 'small letters, digits and'],
  ['0001_', 'small letters, digits and'],
  ['0001_a\n', 'small letters, digits and'],
  ['', 'it is empty'],
])('migrationName refuses %j and says in which way it is wrong', (typed, problem) => {
  expect(() => migrationName(typed)).toThrow(UsageError);
  expect(() => migrationName(typed)).toThrow(problem);
  expect(() => migrationName(typed)).not.toThrow('\n');
});

test('migrationName takes the longest that fits', () => {
  const name = `0001_${'a'.repeat(250)}`;
  expect(migrationName(name)).toBe(name);
});

test.each([
  ['Backfill e-mail (lower)', 'backfill_e_mail_lower'],
  ['Résumé   hinzufügen', 'resume_hinzufugen'],
  ['already_fine_2', 'already_fine_2'],
])('slug makes %j a part of a name', (description, expected) => {
  expect(slug(description)).toBe(expected);
});

test.each(['../x', 'a/b', '日本', '  ', 'a'.repeat(101)])('slug refuses %j', (description) => {
  expect(() => slug(description)).toThrow(UsageError);
});
