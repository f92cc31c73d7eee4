import { expect, test } from '@jest/globals';
import { count, markdown, mean, quantile, spread, TIMES } from './figures';
import { bareLoopOf } from './throughput';

test('a spread is the median with the least and the greatest value', () => {
  expect(spread([3, 1, 2])).toBe('2.00 (1.00–3.00)');
  expect(spread([1.26], 1)).toBe('1.3');
});

test('what never came is said, and what could not be measured is left out', () => {
  expect(spread([1, Infinity, Infinity], 0)).toBe('never (1–never)');
  expect(spread([Infinity, Infinity])).toBe('never');
  expect(spread([Number.NaN, 2, 4], 0)).toBe('4 (2–4)');
  expect(spread([Number.NaN])).toBe('–');
});

test('the mean and p99 show a harm that p50 hides', () => {
  const harmed = Array.from({ length: 100 }, (_, index) => (index < 95 ? 1 : 101));
  const figures = Object.entries(TIMES).map(([name, figure]) => [name, figure(harmed)]);
  expect(Object.fromEntries(figures)).toEqual({ mean: 6, p50: 1, p99: 101 });
  expect(mean([])).toBeNaN();
  expect(quantile([], 0.99)).toBeNaN();
});

test('a table and what belongs to it become one section', () => {
  const table = { text: 'How.', head: ['', 'ms'], rows: [['a', '1']] };
  expect(markdown({ title: 'Title', ...table, more: [{ ...table, text: 'More.' }] })).toBe(
    '## Title\n\nHow.\n\n|  | ms |\n| --- | ---: |\n| a | 1 |\n\nMore.\n\n|  | ms |\n| --- | ---: |\n| a | 1 |\n\n',
  );
  expect([count(50_000), count(10_000_000)]).toEqual(['50 k', '10 M']);
});

test('batches of a fixed size are compared with the loop of that size', () => {
  expect(bareLoopOf('`inBatches` of 500 rows, 1 lane')).toBe('bare pipelined loop of 500 rows');
  expect(bareLoopOf('`inBatches`, 2 lanes')).toBe('bare loop of batches');
});
