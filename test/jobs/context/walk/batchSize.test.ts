import { expect, test } from '@jest/globals';
import { BatchSize } from '../../../../jobs/context/walk/batchSize';

const bounds = { min: 1, max: 20_000 };

/** Runs batches with a cost per row and a fixed cost, in milliseconds. */
function run(size: BatchSize, batches: number, msPerRow: number, fixedMs = 2): void {
  for (let i = 0; i < batches; i++) size.took(size.rows, fixedMs + size.rows * msPerRow);
}

test.each([
  ['cheap', 0.01, 9_800],
  ['ordinary', 0.1, 980],
  ['expensive', 5, 20],
])('BatchSize finds the target time within fifteen batches of %s rows', (_, msPerRow, rows) => {
  const size = new BatchSize(bounds, 100);
  run(size, 15, msPerRow);
  expect(size.rows).toBeGreaterThan(rows * 0.8);
  expect(size.rows).toBeLessThan(rows * 1.2);
});

test('BatchSize stays within its bounds', () => {
  const size = new BatchSize({ min: 50, max: 500 }, 100);
  run(size, 20, 0.001);
  expect(size.rows).toBe(500);
  run(size, 20, 1_000);
  expect(size.rows).toBe(50);
});

test('BatchSize ignores quick batches of ranges that were cut short', () => {
  const size = new BatchSize(bounds, 100);
  run(size, 15, 0.1);
  const before = size.rows;
  size.took(3, 1);
  size.took(3, 50);
  expect(size.rows).toBe(before);
});

test('BatchSize halves after a timeout, and recovers slowly', () => {
  const size = new BatchSize(bounds, 100);
  run(size, 15, 0.1);
  const before = size.rows;
  size.halve();
  expect(size.rows).toBe(Math.round(before / 2));
  run(size, 1, 0.1);
  // It does not grow back at once: those who waited would wait again.
  expect(size.rows).toBeLessThan(before * 0.7);
  run(size, 60, 0.1);
  expect(size.rows).toBeGreaterThan(before * 0.8);
});
