import { expect, test } from '@jest/globals';
import { Meanwhile } from '../../../jobs/context/meanwhile';
import { EarlyTransaction } from '../../../jobs/context/walk/earlyTransaction';
import { waitFor } from '../../support/waitFor';

/** Leaves a batch to be booked, and says what was done with it. */
function left(meanwhile: Meanwhile, error?: Error): string[] {
  const done: string[] = [];
  meanwhile.leave({
    book: async () => {
      done.push('booked');
      if (error) throw error;
    },
    begin: () => {
      done.push('begun');
      return new EarlyTransaction(() => new Promise(() => {}));
    },
  });
  return done;
}

test('what was left is done while the next batch runs, and its transaction is begun first', async () => {
  const meanwhile = new Meanwhile();
  const done = left(meanwhile);
  meanwhile.soon();
  expect(done).toEqual([]);
  await waitFor('it to be done', () => done.length > 0);
  expect(done).toEqual(['begun', 'booked']);
  expect(meanwhile.early()).toBeDefined();
  expect(meanwhile.early()).toBeUndefined();
});

test('what was left is booked soon although no batch comes, and nothing is begun', async () => {
  const meanwhile = new Meanwhile();
  const done = left(meanwhile);
  await waitFor('it to be booked', () => done.length > 0);
  expect(done).toEqual(['booked']);
  await meanwhile.end();
  expect(done).toEqual(['booked']);
});

test('the error of what was left is thrown to who waits for it, once', async () => {
  const meanwhile = new Meanwhile();
  const done = left(meanwhile, new Error('the booking'));
  await waitFor('it to be booked', () => done.length > 0);
  await expect(meanwhile.done()).rejects.toThrow('the booking');
  await meanwhile.end();
});
