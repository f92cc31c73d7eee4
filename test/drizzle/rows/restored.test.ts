import { expect, test } from '@jest/globals';
import { beat, mayWrite } from '../../../drizzle/rows/beat';
import { writeOutcome } from '../../../drizzle/rows/outcome';
import { minute, useFencedMigration } from './fenced';

const { database, open, claimed } = useFencedMigration();

const progress = {
  done: 7,
  doneHere: 7,
  total: null,
  progressed: true,
  waitingFor: null,
  step: null,
};

// A database that was restored gives out IDs again. The worker of an attempt that it has lost still
// writes, until it finds out.
test('what the worker of a lost attempt writes does not reach the one that got its ID', async () => {
  const { attempt: lost } = await claimed(minute(1));
  const db = await open();
  expect(await beat(db, lost, progress)).toBeUndefined();
  await database.sql`
    with given as (select gen_random_uuid() as epoch), attempt as (
      update long_running_migrations.attempts set epoch = given.epoch, rows_done = 0 from given)
    update long_running_migrations.migrations set epoch = given.epoch, rows_done = 0 from given`;
  const rows = async () => [
    await database.sql`select * from long_running_migrations.attempts`,
    await database.sql`select * from long_running_migrations.migrations`,
  ];
  const before = await rows();
  expect(await beat(db, lost, progress)).toBe('superseded');
  expect(await mayWrite(db, lost, 'archive')).toBe(false);
  const ending = { attempt: lost, onItsServer: false, errorUnknown: false, progress };
  for (const [outcome, error] of [
    ['interrupted', null],
    ['completed', null],
    ['failed', 'an error'],
  ] as const) {
    expect(await writeOutcome(db, { ...ending, outcome, error })).toBe('superseded');
  }
  expect(await rows()).toEqual(before);
});
