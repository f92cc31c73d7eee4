import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from '@jest/globals';
import type { Landed } from '../../../../drizzle/transaction';
import type { Transaction } from '../../../../jobs/context/attempt';
import { EarlyTransaction, type Work } from '../../../../jobs/context/walk/earlyTransaction';
import type { Entered } from '../../../../jobs/context/walk/tableState';
import { waitFor } from '../../../support/waitFor';

const ENTERED: Entered = { pid: 1, transactionId: '2', version: '3' };

/** Enters as soon as `may` resolves, and notes how it ended. */
function transaction(may: Promise<void> = Promise.resolve()) {
  const ends: string[] = [];
  const begin = async (work: Work<string>): Promise<Landed<string>> => {
    await may;
    try {
      const result = await work.body({} as Transaction, ENTERED);
      ends.push('commit');
      return { result, rows: [] };
    } catch (error) {
      ends.push('rollback');
      throw error;
    }
  };
  return { ends, begin };
}

test('the work is done in the transaction that was begun before', async () => {
  const { ends, begin } = transaction();
  const early = new EarlyTransaction(begin);
  const landed = await early.land({ body: async (_, { pid }) => `in ${pid}` });
  expect(landed).toEqual({ result: 'in 1', rows: [] });
  expect(ends).toEqual(['commit']);
});

test('an error of the work is thrown: the work must not be done in another transaction', async () => {
  const { ends, begin } = transaction();
  const failing = new EarlyTransaction(begin).land({
    body: () => Promise.reject(new Error('the work')),
  });
  await expect(failing).rejects.toThrow('the work');
  expect(ends).toEqual(['rollback']);
});

test('one that could not be entered does nothing, and another one is used', async () => {
  const { begin } = transaction(Promise.reject(new Error('too many connections')));
  const early = new EarlyTransaction(begin);
  expect(await early.land({ body: () => Promise.reject(new Error('was called')) })).toBeUndefined();
  await early.end();
});

test('one for which no work comes is rolled back soon, and takes none later', async () => {
  const { ends, begin } = transaction();
  const early = new EarlyTransaction(begin);
  await waitFor('the transaction to be rolled back', () => ends.length > 0);
  expect(ends).toEqual(['rollback']);
  expect(await early.land({ body: () => Promise.reject(new Error('was called')) })).toBeUndefined();
});

test('one that is ended is rolled back', async () => {
  const { ends, begin } = transaction();
  await new EarlyTransaction(begin).end();
  expect(ends).toEqual(['rollback']);
});

test('one whose session is not open yet holds nobody up for long', async () => {
  let open: () => void = () => {};
  const { ends, begin } = transaction(
    new Promise((resolve) => {
      open = resolve;
    }),
  );
  const early = new EarlyTransaction(begin);
  expect(await early.land({ body: () => Promise.reject(new Error('was called')) })).toBeUndefined();
  open();
  await early.end();
  expect(ends).toEqual(['rollback']);
});

test('one whose session was lost while it waited does nothing, and that is its error', async () => {
  let lose: (error: Error) => void = () => {};
  const early = new EarlyTransaction<string>((work) => {
    void work.body({} as Transaction, ENTERED).catch(() => {});
    return new Promise((_, reject) => {
      lose = reject;
    });
  });
  lose(new Error('the session was lost'));
  const called: string[] = [];
  const landing = early.land({ body: async () => `${called.push('body')}` });
  await expect(landing).rejects.toThrow('the session was lost');
  await early.end();
  expect(called).toEqual([]);
});

test('the work finds what its caller has in AsyncLocalStorage', async () => {
  const storage = new AsyncLocalStorage<string>();
  const { begin } = transaction();
  const early = storage.run('the batch before', () => new EarlyTransaction(begin));
  const body = async () => `${storage.getStore()}`;
  const landed = await storage.run('this batch', () => early.land({ body }));
  expect(landed?.result).toBe('this batch');
});
