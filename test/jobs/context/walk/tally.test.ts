import { expect, test } from '@jest/globals';
import type { Attempt, Progress } from '../../../../jobs/context/attempt';
import { Tally } from '../../../../jobs/context/walk/tally';

/** The totals that a tally reports for walks with these counts, one after the other. */
async function reported(...counts: { done: number; total: number | null }[]) {
  const reports: Progress[] = [];
  // Of the attempt, a tally uses only this.
  const attempt: Pick<Attempt, 'report'> = { report: (progress) => void reports.push(progress) };
  const tally = new Tally(attempt);
  for (const count of counts) {
    await tally.track(undefined, 'people', async (name) => tally.report(name, count));
  }
  return reports.at(-1);
}

test('the progress of an attempt is that of all its walks together', async () => {
  expect(await reported({ done: 10, total: 20 }, { done: 5, total: 50 })).toMatchObject({
    done: 15,
    total: 70,
    details: { walk: '2' },
  });
});

test('the total is unknown while that of one walk is unknown', async () => {
  const counts = [
    { done: 10, total: null },
    { done: 5, total: 50 },
  ];
  expect(await reported(...counts)).toMatchObject({ done: 15, total: null });
});

test('the total is never below what is done: an estimate may be too small', async () => {
  const counts = [
    { done: 30, total: 20 },
    { done: 5, total: 50 },
  ];
  expect(await reported(...counts)).toMatchObject({ done: 35, total: 80 });
});

test('a walk that still runs names the function that returned', async () => {
  const tally = new Tally({ report: () => {}, direction: 'revert' });
  void tally.track(undefined, 'people', () => new Promise<void>(() => {}));
  expect(() => tally.requireComplete()).toThrow(
    /^revert\(\) returned while its walk '1' was still/,
  );
});
