import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runInOrder } from '../../../../jobs/context/each/inOrder';

/** Ends after this many turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

const cases = fc.record({
  /** How long the work of each item takes. */
  items: fc.array(fc.nat(5), { maxLength: 30 }),
  concurrency: fc.integer({ min: 1, max: 6 }),
  moreAhead: fc.nat(5),
  /** Turns that the source needs for an item, and that it takes to pass one. */
  sourceTurns: fc.nat(3),
  passTurns: fc.nat(3),
  /** Which item fails, or stops the run, in which part. */
  ends: fc.option(
    fc.record({
      at: fc.nat(29),
      how: fc.constantFrom('work', 'source', 'passed', 'abort' as const),
    }),
  ),
});

test('work is begun and passed in order, within its limits, and none is left running', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ items, concurrency, moreAhead, ...given }) => {
      const { sourceTurns, passTurns, ends } = given;
      const ahead = concurrency + moreAhead;
      const aborting = new AbortController();
      const [begun, done, passed]: [number[], Set<number>, number[]] = [[], new Set(), []];
      let running = 0;
      // Not expect(): an error in here counts as that of the work.
      const wrong: string[] = [];
      const require = (holds: boolean, rule: string) => holds || wrong.push(rule);
      let ended = false;
      const end = (how: string, item: number) => {
        if (ends?.how !== how || ends.at !== item) return;
        setImmediate(() => (ended = true));
        throw new Error(how);
      };
      const walked = runInOrder<number>(aborting.signal, {
        async *source(stop) {
          for (const item of items.keys()) {
            await turns(sourceTurns);
            stop.throwIfAborted();
            end('source', item);
            yield item;
          }
        },
        concurrency,
        ahead,
        work: async (item) => {
          require(!ended, 'nothing begins after the end');
          begun.push(item);
          running += 1;
          require(running <= concurrency, 'concurrency');
          require(item - passed.length < ahead, 'ahead');
          await turns(items[item] ?? 0);
          running -= 1;
          end('work', item);
          done.add(item);
          if (ends?.how !== 'abort' || ends.at !== item) return;
          setImmediate(() => (ended = true));
          aborting.abort(new Error('abort'));
        },
        passed: async (item) => {
          require(item === passed.length, 'passed in order');
          require(done.has(item), 'passed only when done');
          await turns(passTurns);
          end('passed', item);
          passed.push(item);
        },
      });
      const error = await walked.then(
        () => undefined,
        (thrown: Error) => thrown.message,
      );
      expect(wrong).toEqual([]);
      expect(running).toBe(0);
      expect(begun).toEqual([...begun.keys()]);
      const happens = ends && ends.at < items.length;
      expect(error).toBe(happens ? ends.how : undefined);
      if (!happens) return expect(passed).toEqual([...items.keys()]);
      // All that is done before the first gap has been passed.
      if (ends.how === 'passed') return expect(passed).toEqual([...Array(ends.at).keys()]);
      const gap = begun.find((item) => !done.has(item)) ?? begun.length;
      expect(passed).toEqual([...Array(gap).keys()]);
    }),
    { numRuns: 300 },
  );
});
