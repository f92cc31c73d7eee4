import { expect, test } from '@jest/globals';
import { UsageError } from '../../settings/usageError';
import { readArguments } from './arguments';

test('reads minutes, seed and kinds', () => {
  const args = ['--minutes', '0.5', '--seed', '7', '--only', 'a', '--only', 'b'];
  expect(readArguments(args)).toMatchObject({ minutes: 0.5, seed: '7', only: ['a', 'b'] });
});

test('without arguments it takes five minutes, all kinds, and any seed', () => {
  expect(readArguments([])).toMatchObject({ minutes: 5, only: [], list: false });
  expect(readArguments([]).seed).not.toBe(readArguments([]).seed);
});

test('the short run always has the same seed, unless another one is given', () => {
  expect(readArguments(['--short'])).toEqual(readArguments(['--short']));
  expect(readArguments(['--short', '--seed', '9']).seed).toBe('9');
});

test.each([[['--minutes', 'x']], [['--minutes', '-1']], [['--what']], [['word']]])(
  'refuses %j',
  (args) => {
    expect(() => readArguments(args)).toThrow(UsageError);
  },
);
