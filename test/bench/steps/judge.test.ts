import { expect, test } from '@jest/globals';
import { ALONE, LOOP } from './course';
import { courseOf, PHASES, round } from './example';
import { spans, speedIn, untilFullSpeed, untilWithinBudget } from './judge';
import { report } from './steps';

const [quiet, some, many, quietAgain] = spans(PHASES) as [Span, Span, Span, Span];
type Span = ReturnType<typeof spans>[number];
const samples = (name: string) => round[name]?.samples.elsewhere ?? [];
const moments = (name: string) => round[name]?.moments ?? [];

test('the application is back in the budget when it stays there', () => {
  expect(untilWithinBudget(samples(LOOP), samples(ALONE), some)).toBe(1);
  expect(untilWithinBudget(samples(LOOP), samples(ALONE), many)).toBe(1);
  expect(untilWithinBudget(samples('one UPDATE'), samples(ALONE), some)).toBe(Infinity);
  expect(untilWithinBudget(samples(ALONE), samples(ALONE), some)).toBe(0);
});

test('two seconds of good luck do not count', () => {
  const lucky = courseOf(
    (at) => (at < 8_000 ? 1 : 4),
    () => 0,
  );
  expect(untilWithinBudget(lucky.samples.elsewhere, samples(ALONE), some)).toBe(Infinity);
});

test('a backfill is back at its speed when a second is', () => {
  expect(untilFullSpeed(moments(LOOP), quiet, quietAgain)).toBe(2);
  const never = courseOf(
    () => 1,
    (at) => (at < 5_000 ? 4e5 : 1e5),
  );
  expect(untilFullSpeed(never.moments, quiet, quietAgain)).toBe(Infinity);
});

test('a table that was done before the end says nothing about the end', () => {
  const early = moments(LOOP).filter(({ at }) => at <= 14_000);
  expect(untilFullSpeed(early, quiet, quietAgain)).toBeNaN();
  expect(speedIn(early, quietAgain)).toBeNaN();
  expect(speedIn(early, quiet)).toBeCloseTo(4e5);
});

test('the report has a line for each backfill, and compares within a round', () => {
  const table = report(20e6, PHASES, [round, round]);
  const of = (rows: readonly (readonly string[])[], name: string) =>
    rows.find(([first]) => first?.startsWith(name));
  expect(of(table.rows, LOOP)?.slice(1)).toEqual([
    '400 (400–400)',
    '100 (100–100)',
    '100 (100–100)',
    '280 (280–280)',
    '2.0 (2.0–2.0)',
  ]);
  expect(of(table.more?.[0]?.rows ?? [], 'one UPDATE')?.[1]).toBe('3.0 (3.0–3.0)');
  expect(of(table.more?.[0]?.rows ?? [], 'one UPDATE')?.[4]).toBe('never');
  expect(table.text).toContain('srcset="load-steps-dark.svg"');
});
