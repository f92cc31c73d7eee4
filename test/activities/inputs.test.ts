import { expect, test } from '@jest/globals';
import { readListInput, readRunMigrationInput } from '../../activities/inputs';

test.each<[unknown, RegExp]>([
  [undefined, /'name' must be the name of a migration/],
  [null, /'name'/],
  ['0001_x', /'name'/],
  [{ name: '../0001_x', throttled: true }, /'name'/],
  [{ name: 1, throttled: true }, /'name'/],
  [{ name: '0001_x' }, /'throttled'/],
  [{ name: '0001_x', throttled: 'no' }, /'throttled'/],
  [{ name: '0001_x', throttled: true, installation: 7 }, /'installation'/],
  [{ name: '0001_x', throttled: true, regardless: true }, /'regardless'/],
  [{ name: '0001_x', throttled: true, onlyIfEmpty: false }, /'onlyIfEmpty'/],
])('an input of runMigration that is %j is refused for good', (input, message) => {
  expect(() => readRunMigrationInput(input)).toThrow(
    expect.objectContaining({ message: expect.stringMatching(message), nonRetryable: true }),
  );
});

test.each<[unknown, RegExp]>([
  [undefined, /'running' must be a list of names/],
  [{ running: ['../x'], extra: 0, skip: [] }, /'running'/],
  [{ running: [], extra: 0 }, /'skip'/],
  [{ running: [], extra: '1', skip: [] }, /'extra'/],
  [{ running: [], extra: -1, skip: [] }, /'extra'/],
  [{ running: [], extra: 0, skip: [], only: 'x' }, /'only'/],
])('an input of listPendingMigrations that is %j is refused for good', (input, message) => {
  expect(() => readListInput(input)).toThrow(
    expect.objectContaining({ message: expect.stringMatching(message), nonRetryable: true }),
  );
});

test('what newer versions add to an input is left out', () => {
  const run = { name: '0001_x:one', throttled: false, installation: 'i' };
  expect(readRunMigrationInput({ ...run, more: 1 })).toEqual(run);
  const list = { running: ['0001_x'], extra: 0, skip: [], only: ['0001_y'], askAgain: true };
  expect(readListInput({ ...list, more: 1 })).toEqual(list);
});
