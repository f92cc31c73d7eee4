import { expect, test } from '@jest/globals';
import type { MigrationView } from '../../../../drizzle/rows/status';
import type { Migration } from '../../../../drizzle/schema';
import { progressLine } from '../../../../worker/local/session/progress';
import { summarize } from '../../../../worker/local/session/summary';

/** A running migration with half of its rows done, changed as given. */
function view(migration: Partial<Migration>, rest: Partial<MigrationView> = {}): MigrationView {
  const row = {
    name: '0001_a',
    status: 'in_progress',
    rowsDone: 50_000,
    rowsTotal: 100_000,
    error: null,
    waitsFor: null,
    ...migration,
  };
  // The functions under test read no other columns.
  return {
    migration: row as Migration,
    live: true,
    rowsPerSecond: 10_000,
    ...rest,
  } as MigrationView;
}

test.each([
  ['a running one', view({}), 50, '50,000 of 100,000 rows, 10,000 rows/s, 5 s to go'],
  ['an unknown total', view({ rowsTotal: null }), null, '50,000 rows, 10,000 rows/s'],
  ['a running one without progress', view({ rowsDone: 0 }), 0, 'started'],
  [
    'one between two attempts',
    view({}, { live: false, rowsPerSecond: null }),
    50,
    '50,000 of 100,000 rows, waits for its next attempt',
  ],
  [
    'one that failed and is retried',
    view({ error: 'lock timeout' }, { live: false, rowsPerSecond: null }),
    50,
    '50,000 of 100,000 rows, lock timeout',
  ],
  [
    'a new one',
    view({ status: 'created', rowsDone: 0, rowsTotal: null }),
    null,
    'waits for its turn',
  ],
  [
    'a waiting one',
    view({ status: 'created', rowsDone: 0, rowsTotal: null, waitsFor: 'waits for 0002_b' }),
    null,
    'waits for 0002_b',
  ],
  ['a completed one', view({ status: 'completed' }), 100, 'completed, 50,000 of 100,000 rows'],
  ['a failed one', view({ status: 'failed', error: 'SyntaxError' }), 50, 'failed: SyntaxError'],
  ['a paused one', view({ status: 'paused' }), 50, 'paused'],
])('progressLine of %s', (_, migration, percent, text) => {
  expect(progressLine(migration)).toEqual({ name: '0001_a', percent, text });
});

test('summarize is good when all are completed', () => {
  expect(summarize([view({ status: 'completed' })])).toEqual({
    lines: ['1 of 1 registered migrations are completed.'],
    good: true,
  });
});

test('summarize lists every migration that is not completed, with its reason', () => {
  const views = [
    view({ name: '0001_a', status: 'completed' }),
    view({ name: '0002_b', status: 'paused' }),
    view({ name: '0003_c', status: 'created', waitsFor: 'waits for 0002_b' }),
    view({ name: '0004_d', status: 'failed', error: 'SyntaxError' }),
  ];
  expect(summarize(views)).toEqual({
    lines: [
      '1 of 4 registered migrations are completed.',
      'paused: 0002_b',
      'left: 0003_c: waits for 0002_b',
      'failed: 0004_d: SyntaxError',
    ],
    good: false,
  });
});
