import { expect, test } from '@jest/globals';
import { notes } from '../../../drizzle/rows/notes';
import { progressLine, rowsText } from '../../../drizzle/rows/progressText';
import type { MigrationView } from '../../../drizzle/rows/status';
import type { Migration } from '../../../drizzle/schema';

const migration: Migration = {
  name: '0001_a',
  status: 'in_progress',
  attempts: 1,
  error: null,
  waitsFor: null,
  rowsDone: 54,
  rowsTotal: 100,
  request: null,
  requestReason: null,
  requestedBy: null,
} as Partial<Migration> as Migration;

const view = (changes: Partial<Migration>, rest: Partial<MigrationView> = {}): MigrationView => ({
  migration: { ...migration, ...changes },
  attempt: null,
  live: true,
  silentFor: null,
  rowsPerSecond: 9,
  timeoutsWithoutProgress: 0,
  skipped: 0,
  jobChangedSince: null,
  ...rest,
});

const line = (changes: Partial<Migration>, rest: Partial<MigrationView> = {}): string =>
  progressLine(view(changes, rest), notes(view(changes, rest))).text;

test('progressLine of a running migration: status, bar, rows, rate and time left', () => {
  expect(line({})).toBe('in_progress  ██████▌░░░░░  54 %  54 of 100 rows, 9.0 rows/s, 5 s left');
});

test('progressLine of a migration with an unknown total has no bar', () => {
  expect(line({ rowsTotal: null })).toBe('in_progress  54 rows, 9.0 rows/s');
});

test('progressLine says why a migration does not run, and what it waits for', () => {
  const stopped = { live: false, rowsPerSecond: null };
  expect(line({ status: 'created', rowsDone: 0, rowsTotal: null }, stopped)).toBe('created');
  expect(
    line(
      { status: 'created', rowsDone: 0, rowsTotal: null, waitsFor: 'waits for 0000_x' },
      stopped,
    ),
  ).toBe('created  waits for 0000_x');
  expect(line({ error: 'no disk' }, stopped)).toMatch(/54 of 100 rows {2}last error: no disk$/);
  expect(line({ request: 'pause', requestedBy: 'alice' })).toMatch(
    /5 s left {2}to pause \(alice\)$/,
  );
  expect(line({ status: 'failed', error: 'no disk' }, stopped)).toMatch(/^failed .* no disk$/);
});

test('progressLine of a completed migration has no notes', () => {
  const done = view({ status: 'completed', rowsDone: 100, error: 'old' }, { rowsPerSecond: null });
  expect(progressLine(done, ['a note']).text).toBe(
    'completed  ████████████ 100 %  100 of 100 rows',
  );
});

test('rowsText is null when there is nothing to count', () => {
  expect(rowsText(view({ rowsDone: 0, rowsTotal: null }))).toBeNull();
});
