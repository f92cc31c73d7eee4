import { describe, expect, test } from '@jest/globals';
import { Superseded } from '../../../drizzle/rows/superseded';
import { EMAIL, outcomeOf, useProvocations } from './provocations';

const db = useProvocations();

describe('retry or fail: causes are looked at innermost first', () => {
  const refused = () =>
    Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });

  test('a TypeError caused by a refused connection is transient', async () => {
    const outcome = await outcomeOf(() => {
      throw new TypeError('fetch failed', { cause: refused() });
    });
    expect(outcome.verdict).toBe('retry');
  });

  test('an author’s error around a unique violation fails, and its text names both', async () => {
    const outcome = await outcomeOf(async () => {
      try {
        await db.sql`insert into people (email) values (${EMAIL})`;
      } catch (cause) {
        throw new Error('could not copy the page', { cause });
      }
    });
    expect(outcome.verdict).toBe('fail');
    expect(outcome.text).toMatch(
      /^Error: could not copy the page at .*; caused by unique violation/,
    );
  });

  test("among the errors of an AggregateError, one that a retry can't fix decides", async () => {
    const both = new AggregateError([refused(), new TypeError('x')], 'all failed');
    expect((await outcomeOf(() => Promise.reject(both))).verdict).toBe('fail');
    const one = new AggregateError([refused(), refused()], 'all failed');
    expect((await outcomeOf(() => Promise.reject(one))).verdict).toBe('retry');
  });

  test('Superseded is recognized, also inside Drizzle’s own error', async () => {
    const wrapped = new Error('Failed query', { cause: new Superseded('0001_x') });
    expect((await outcomeOf(() => Promise.reject(wrapped))).verdict).toBe('superseded');
  });

  test('an author’s own class called Superseded is not mistaken for ours', async () => {
    const error = Object.assign(new Error('mine'), { name: 'Superseded' });
    expect((await outcomeOf(() => Promise.reject(error))).verdict).toBe('unknown');
  });

  test('an AggregateError that contains itself does not loop', async () => {
    const errors: unknown[] = [];
    const error = new AggregateError(errors, 'all');
    error.errors = Array.from({ length: 10 }, () => error);
    expect((await outcomeOf(() => Promise.reject(error))).verdict).toBe('unknown');
  });

  test('an error that is its own cause does not loop', async () => {
    const error = new Error('round');
    error.cause = error;
    expect((await outcomeOf(() => Promise.reject(error))).verdict).toBe('unknown');
  });
});
