import { expect, test } from '@jest/globals';
import { errorClass } from '../../../activities/metrics/errorClass';
import { waitReason } from '../../../activities/metrics/waitReason';
import { describeCrash, describeExit } from '../../../jobs/process/crash';
import { describeError } from '../../../jobs/process/describeError';

class Invented extends Error {
  override readonly name = 'a value of a row';
}

test.each([
  [
    'an error of Postgres',
    { name: 'x', origin: 'postgres', code: '23505', causes: [] },
    'sqlstate_23',
  ],
  [
    'one with a strange code',
    { name: 'x', origin: 'postgres', code: 'a b', causes: [] },
    'sqlstate_other',
  ],
  [
    'the cause of an error of Drizzle',
    {
      name: 'x',
      origin: 'driver',
      causes: [{ name: 'x', origin: 'postgres', code: '40P01', causes: [] }],
    },
    'sqlstate_40',
  ],
  [
    'a lost connection',
    { name: 'x', origin: 'driver', code: 'CONNECTION_CLOSED', causes: [] },
    'connection',
  ],
  ['a mistake in the code', describeError(new TypeError('a value')), 'language'],
  ["an author's class", describeError(new Invented('a value')), 'author'],
  ['a value', describeError('a value'), 'author'],
  ['a killed process', describeCrash({ code: null, signal: 'SIGKILL' }), 'process'],
  ['an exit', describeExit(3), 'process'],
] as const)('the class of %s', (_, error, expected) => {
  expect(errorClass(error as Parameters<typeof errorClass>[0])).toBe(expected);
});

// The texts of replicaLag, unarchivedWal, slotBehind, wraparoundVacuum and olderSessions, see their tests.
test.each([
  ['replica eu-2 12 s behind', 'replica_lag'],
  ['WAL archiving is 1.5 GB behind: its command fails', 'wal_archiving'],
  ['replication slot cdc holds back 5.2 GB of WAL, and nobody reads it', 'replication_slot'],
  ['autovacuum works on public.users to prevent wraparound', 'wraparound_vacuum'],
  ['waits for session 4711 of role app', 'older_sessions'],
  ['orders of customer 17 are imported', 'check'],
])("a wait for '%s' counts as %s", (text, reason) => {
  expect(waitReason(text)).toBe(reason);
});
