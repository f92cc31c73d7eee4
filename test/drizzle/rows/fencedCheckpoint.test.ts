import { describe, expect, test } from '@jest/globals';
import { Superseded } from '../../../drizzle/rows/superseded';
import type { Attempt } from '../../../jobs/context/attempt';
import { Places } from '../../../jobs/context/elsewhere';
import type { JobContext } from '../../../jobs/context/index';
import { Tally } from '../../../jobs/context/walk/tally';
import { Checkpoint } from '../../../jobs/thread/checkpoint';
import { createContext } from '../../../jobs/thread/context';
import { Mapping } from '../../../jobs/thread/map/mapping';
import { OtherSessions } from '../../../jobs/thread/otherSessions';
import { attemptOn, minute, useFencedMigration } from './fenced';

const { database, open, claimed } = useFencedMigration();

function contextOf(attempt: Attempt, version = 0): JobContext {
  const origin = { installation: '', generation: '', former: null };
  const others = new OtherSessions(
    { databases: {}, origin, attempt: { ...attempt, id: '1' } },
    () => database.sql,
    () => false,
  );
  const sessions = { db: attempt.db, sql: database.sql, others };
  const places = new Places(attempt, origin, others);
  const mapping = new Mapping('0001_a.js', attempt.signal);
  const checkpoint = new Checkpoint(attempt, version);
  const walks = new Tally(attempt);
  return createContext(attempt, sessions, checkpoint, walks, mapping, undefined, places);
}

describe('the fence', () => {
  test('refuses the checkpoint of an older attempt, also outside a batch', async () => {
    const older = attemptOn(await open(), await claimed(minute(1)));
    const context = contextOf(older);
    await context.saveCheckpoint({ at: 1 });
    const newer = attemptOn(await open(), await claimed(minute(2)));

    await expect(context.saveCheckpoint({ at: 2 })).rejects.toBeInstanceOf(Superseded);

    await expect(context.checkpoint()).rejects.toBeInstanceOf(Superseded);
    expect(await contextOf(newer).checkpoint()).toEqual({ at: 1 });
  });

  test.each(['2024', 'true', '{"a":1}', 9, [null], null])(
    'returns the checkpoint %j unchanged',
    async (value) => {
      const attempt = attemptOn(await open(), await claimed(minute(1)));
      const context = contextOf(attempt);
      await context.saveCheckpoint(value);
      expect(await context.checkpoint()).toEqual(value ?? undefined);
    },
  );

  test('refuses to save a checkpoint in a transaction whose snapshot may be too old', async () => {
    const attempt = attemptOn(await open(), await claimed(minute(1)));
    const context = contextOf(attempt);

    const saving = attempt.db.transaction((tx) => context.saveCheckpoint(1, tx), {
      isolationLevel: 'repeatable read',
    });

    await expect(saving).rejects.toThrow(/READ COMMITTED/);
  });
});
