import { expect, test } from '@jest/globals';
import { Ledger } from '../../../../jobs/context/walk/ledger';

/** A range of ten numbers up to `upto`. */
const range = (upto: number) => ({
  after: [`${upto - 10}`],
  upto: [`${upto}`],
  rows: 10,
  matching: 10,
});

/** The ends of the ranges that the ledger gives up for folding. */
const front = (ledger: Ledger) => ledger.takeFront().map(({ upto }) => Number(upto[0]));

test('the ledger gives up finished ranges only as far as the first open one', () => {
  const ledger = new Ledger();
  const ranges = [range(10), range(20), range(30)] as const;
  for (const each of ranges) ledger.add(each);
  ledger.finish(ranges[2], 3n);
  expect(front(ledger)).toEqual([]);
  ledger.finish(ranges[0], 1n);
  expect(front(ledger)).toEqual([10]);
  ledger.finish(ranges[1], 2n);
  expect(front(ledger)).toEqual([20, 30]);
  expect(front(ledger)).toEqual([]);
});

test('the ledger keeps the ID under which a range is stored', () => {
  const ledger = new Ledger();
  const only = range(10);
  ledger.add(only);
  ledger.finish(only, 7n);
  expect(ledger.takeFront()).toEqual([{ id: 7n, after: ['0'], upto: ['10'], rows: 10 }]);
});

test('a range that an earlier attempt has finished waits for those before it', () => {
  const ledger = new Ledger();
  const open = range(10);
  ledger.add(open);
  ledger.addFinished({ ...range(20), id: 2n });
  expect(front(ledger)).toEqual([]);
  ledger.finish(open, 1n);
  expect(front(ledger)).toEqual([10, 20]);
});

test('the parts of a range take its place', () => {
  const ledger = new Ledger();
  const [whole, next] = [range(10), range(20)];
  const parts = [
    { ...whole, upto: ['5'] },
    { ...whole, after: ['5'] },
  ] as const;
  ledger.add(whole);
  ledger.add(next);
  ledger.replace(whole, parts);
  ledger.finish(next, 3n);
  ledger.finish(parts[1], 2n);
  expect(front(ledger)).toEqual([]);
  ledger.finish(parts[0], 1n);
  expect(front(ledger)).toEqual([5, 10, 20]);
});
