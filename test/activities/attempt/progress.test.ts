import { describe, expect, test } from '@jest/globals';
import { AttemptProgress } from '../../../activities/attempt/progress';

const ATTEMPT = { migration: '0001_x', id: 7n, number: 3 };

/** Progress of an attempt that starts after `doneBefore` rows, on a clock that the test sets. */
function progressOf({ doneBefore = 0, total = null as number | null } = {}) {
  const clock = { now: 0 };
  const progress = new AttemptProgress(ATTEMPT, doneBefore, total, () => clock.now);
  const at = (now: number, done: number) => {
    clock.now = now;
    progress.update({ done });
  };
  return { progress, clock, at };
}

describe('heartbeat details', () => {
  test('before the first row name the attempt and what earlier attempts have done', () => {
    const { progress } = progressOf({ doneBefore: 40 });
    expect(progress.heartbeat()).toEqual({ migration: '0001_x', attempt: 3, done: 40 });
  });

  test('show total and percent when the total is known', () => {
    const { progress } = progressOf({ doneBefore: 100, total: 300 });
    expect(progress.heartbeat()).toMatchObject({ done: 100, total: 300, percent: 33.3 });
  });

  test('show no percent of a total of 0, and never more than 100 %', () => {
    expect(progressOf({ total: 0 }).progress.heartbeat()).not.toHaveProperty('percent');
    const { progress } = progressOf({ doneBefore: 500, total: 300 });
    expect(progress.heartbeat().percent).toBeLessThanOrEqual(100);
  });

  test('show speed and the time left', () => {
    const { progress, at } = progressOf({ total: 5_000 });
    at(0, 0);
    at(10_000, 1_000);
    expect(progress.heartbeat()).toMatchObject({ rowsPerSecond: 100, eta: '40 s' });
  });

  test('measure the speed over the last 30 seconds', () => {
    const { progress, at } = progressOf();
    at(0, 0);
    at(100_000, 100_000);
    at(130_000, 100_300);
    at(140_000, 100_400);
    // From the last sample before the window, at 100 s.
    expect(progress.heartbeat().rowsPerSecond).toBe(10);
  });

  test('show a stall: the speed falls while no row is done', () => {
    const { progress, clock, at } = progressOf({ total: 1_000 });
    at(0, 0);
    at(10_000, 100);
    clock.now = 100_000;
    expect(progress.heartbeat().rowsPerSecond).toBe(1);
  });

  test('have no time left when all rows are done or the speed is 0', () => {
    const done = progressOf({ total: 100 });
    done.at(0, 0);
    done.at(1_000, 100);
    expect(done.progress.heartbeat()).not.toHaveProperty('eta');
    const still = progressOf({ total: 100 });
    still.at(0, 50);
    still.clock.now = 1_000;
    expect(still.progress.heartbeat()).toMatchObject({ rowsPerSecond: 0 });
    expect(still.progress.heartbeat()).not.toHaveProperty('eta');
  });

  test("include the job's own details and what it waits for, as plain text", () => {
    const { progress } = progressOf();
    progress.update({ waitingFor: 'a lock\u001b[2J', details: { page: 7, state: 'a\nb' } });
    const { waitingFor, page, state } = progress.heartbeat();
    expect(page).toBe(7);
    expect(waitingFor).toMatch(/^a lock/);
    for (const text of [waitingFor, state]) expect(text).toMatch(/^\P{Cc}*$/u);
  });
});

describe('progress', () => {
  test('counts from the first row beyond the earlier attempts', () => {
    const { progress } = progressOf({ doneBefore: 10 });
    progress.update({ done: 10 });
    expect(progress).toMatchObject({ progressed: false, doneHere: 0 });
    progress.update({ done: 11 });
    expect(progress).toMatchObject({ progressed: true, doneHere: 1 });
  });

  test.each([[Number.NaN], [1e19], [5n], ['7'], [{}]])('ignores %p as a count', (count) => {
    const { progress } = progressOf({ doneBefore: 3 });
    progress.update({ done: count as number, total: count as number });
    expect(progress).toMatchObject({ done: 3, total: null, progressed: false });
  });

  test('rounds counts, and takes a negative one for 0', () => {
    const { progress } = progressOf();
    progress.update({ done: 2.6, total: -5 });
    expect(progress).toMatchObject({ done: 3, total: 0 });
  });

  test.each([
    ['', null],
    [null, null],
    [42, 'a reason that is not text'],
    ['x'.repeat(5_000), 'x'.repeat(200)],
  ])('keeps a reason to wait as a line of text: %#', (reason, kept) => {
    const { progress } = progressOf();
    progress.update({ waitingFor: reason as string });
    expect(progress.waitingFor).toBe(kept);
  });

  test('keeps what an update does not name', () => {
    const { progress } = progressOf();
    progress.update({ done: 5, total: 10, waitingFor: 'a lock' });
    progress.update({ done: 6 });
    expect(progress).toMatchObject({ done: 6, total: 10, waitingFor: 'a lock' });
  });

  test('shows the step that runs, and no longer when it has ended', () => {
    const { progress } = progressOf();
    progress.update({ step: 'create\u001b index' });
    expect(progress.heartbeat().step).toMatch(/^create\P{Cc}*index$/u);
    progress.update({ done: 1 });
    expect(progress.step).not.toBeNull();
    progress.update({ step: null });
    expect(progress.heartbeat()).not.toHaveProperty('step');
  });
});
