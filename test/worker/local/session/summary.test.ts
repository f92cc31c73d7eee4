import { expect, test } from '@jest/globals';
import type { MigrationView } from '../../../../drizzle/rows/status';
import type { Migration } from '../../../../drizzle/schema';
import { summarize } from '../../../../worker/local/session/summary';

/** A migration, changed as given. */
function view(migration: Partial<Migration>): MigrationView {
  const row = { name: '0001_a', status: 'in_progress', error: null, waitsFor: null, ...migration };
  // summarize() reads no other columns.
  return { migration: row as Migration } as MigrationView;
}

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
