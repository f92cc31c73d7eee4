import { expect, test } from '@jest/globals';
import { gapsAndFinished } from '../../../../jobs/context/walk/gaps';

const names = { migration: '0001_walk', name: '1' };
const walk = { ...names, lowWaterMark: ['10'], upperBound: ['90'] };

/** A finished range of the numbers behind `after` up to `upto`. */
const range = (after: number | null, upto: number) => ({
  id: BigInt(upto),
  after: after === null ? null : [`${after}`],
  upto: [`${upto}`],
  rows: upto - (after ?? 0),
});

test('an empty table has no gap', () => {
  expect(gapsAndFinished({ ...names, lowWaterMark: null, upperBound: null }, [])).toEqual([]);
});

test('a new walk is one gap from the first key to the last', () => {
  const gaps = gapsAndFinished({ ...names, lowWaterMark: null, upperBound: ['90'] }, []);
  expect(gaps).toEqual([{ after: null, upto: ['90'] }]);
});

test('gaps lie before, between and after the finished ranges', () => {
  const [first, second] = [range(20, 30), range(50, 60)];
  expect(gapsAndFinished(walk, [first, second])).toEqual([
    { after: ['10'], upto: ['20'] },
    first,
    { after: ['30'], upto: ['50'] },
    second,
    { after: ['60'], upto: ['90'] },
  ]);
});

test('there is no gap between ranges that adjoin the mark, one another or the last key', () => {
  const finished = [range(10, 50), range(50, 90)];
  expect(gapsAndFinished(walk, finished)).toEqual(finished);
});

test('a second range that begins at the first key is refused', () => {
  for (const finished of [[range(null, 40), range(null, 60)], [range(null, 40)]]) {
    const begun = finished.length === 1 ? walk : { ...walk, lowWaterMark: null };
    expect(() => gapsAndFinished(begun, finished)).toThrow(/stored ranges of walk '1' .* overlap/);
  }
});

test('there is no gap before a finished range that begins at the first key', () => {
  const first = range(null, 40);
  expect(gapsAndFinished({ ...names, lowWaterMark: null, upperBound: ['90'] }, [first])).toEqual([
    first,
    { after: ['40'], upto: ['90'] },
  ]);
});
