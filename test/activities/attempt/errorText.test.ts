import { expect, test } from '@jest/globals';
import { errorText } from '../../../activities/attempt/errorText';
import type { Description } from '../../../jobs/process/describeError';

const error = (more: Partial<Description> = {}): Description => ({
  name: 'Error',
  origin: 'author',
  message: 'out of luck',
  causes: [],
  ...more,
});

test.each<[string, Partial<Description>, string]>([
  ['an error', {}, 'Error: out of luck'],
  ['with its code', { code: 'EAGAIN' }, 'Error: out of luck (EAGAIN)'],
  ['with its place', { place: 'x.js:1:2' }, 'Error: out of luck at x.js:1:2'],
  ['without a message', { name: 'TypeError', message: '' }, 'TypeError'],
  [
    'of the driver, whose message may quote a row',
    { origin: 'driver', code: 'CONNECT_TIMEOUT' },
    'the database query failed (CONNECT_TIMEOUT)',
  ],
  [
    'of Postgres',
    {
      origin: 'postgres',
      code: '23502',
      schema: 'public',
      table: 'people',
      column: 'boss',
    },
    'NOT NULL violation (SQLSTATE 23502) on column boss of table public.people',
  ],
  [
    'out of memory',
    { code: 'ERR_WORKER_OUT_OF_MEMORY' },
    'the job needs more memory than memoryLimitMb or LRM_MEMORY_LIMIT_MB allows',
  ],
  [
    'that is not an Error',
    { origin: 'no error', name: 'string' },
    'threw a value that is not an Error: out of luck',
  ],
])('the text of an error: %s', (_, description, text) => {
  expect(errorText('run', error(description))).toBe(text);
});

test('the text says when the error did not come from run() itself', () => {
  expect(errorText('load', error())).toBe("the job can't be loaded: Error: out of luck");
  expect(errorText('elsewhere', error())).toBe('outside of run(): Error: out of luck');
});

test('the text names causes, four errors at most', () => {
  const thrown = error({ name: 'string', origin: 'no error', message: 'seven' });
  expect(errorText('run', error({ causes: [thrown] }))).toBe(
    'Error: out of luck; caused by a value that is not an Error: seven',
  );
  const chain = [1, 2, 3, 4, 5].reduce<Description>(
    (cause, n) => error({ message: `${n}`, causes: [cause] }),
    error(),
  );
  expect(errorText('run', chain)).toBe(
    'Error: 5; caused by Error: 4; caused by Error: 3; caused by Error: 2',
  );
});
