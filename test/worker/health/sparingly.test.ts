import { expect, jest, test } from '@jest/globals';
import { failed, ok } from '../../../worker/health/finding';
import { sparingly } from '../../../worker/health/sparingly';

const NEVER = new Promise<never>(() => {});

test('a check runs once for all who ask at the same time, and for a second afterwards', async () => {
  const now = jest.spyOn(performance, 'now').mockReturnValue(10_000);
  let runs = 0;
  const check = sparingly('a', async () => [ok('a', `run ${++runs}`)], 1_000);
  await Promise.all([check(), check(), check()]);
  now.mockReturnValue(10_999);
  expect(await check()).toEqual([ok('a', 'run 1')]);
  now.mockReturnValue(11_000);
  expect(await check()).toEqual([ok('a', 'run 2')]);
  now.mockRestore();
});

test('a check that does not answer in time has failed, and what hangs is ended', async () => {
  let ended = 0;
  const check = sparingly(
    'a',
    () => NEVER,
    20,
    () => {
      ended++;
    },
  );
  expect(await check()).toEqual([failed('a', 'no answer within 0.02 s', null)]);
  expect(ended).toBe(1);
});

test('an error of a check is its finding, without the text of an unexpected one', async () => {
  const check = sparingly('a', () => Promise.reject(new RangeError('row 17 has hunter2')), 1_000);
  expect(await check()).toEqual([failed('a', 'RangeError', null)]);
});
