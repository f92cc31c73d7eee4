import { test } from '@jest/globals';
import fc from 'fast-check';

// `npm run fuzz` sets both. In `npm test` a few runs of one seed must do.
const runs = Number(process.env['FUZZ_RUNS']) || undefined;
const seed = Number(process.env['FUZZ_SEED']) || 16;

/** Whether this is `npm run fuzz`: it may take long. */
export const isLong = runs !== undefined;

/** A day: `npm run fuzz` ends when its runs are done. Milliseconds. */
const LONG = 86_400_000;

/** No further run begins after this time. Milliseconds. */
const SHORT = 15_000;

/**
 * A test that a property holds for arbitrary values.
 * @param few runs of it in `npm test`
 * @param values gives the property's arguments
 * @param holds throws, or returns a promise that rejects, where it does not hold
 */
export function fuzz<T>(
  name: string,
  few: number,
  values: fc.Arbitrary<T>,
  holds: (value: T) => Promise<unknown>,
): void {
  test(
    name,
    async () => {
      let begun = 0;
      const end = performance.now() + SHORT;
      const property = fc.asyncProperty(values, async (value) => {
        // On a busy machine, `npm test` is content with fewer runs, but never with none.
        if (isLong || begun === 0 || performance.now() < end) {
          begun += 1;
          await holds(value);
        }
      });
      // To look for a smaller example takes many runs. The seed and the path, which are printed, lead
      // `npm run fuzz` to it.
      const limits = isLong ? {} : { endOnFailure: true };
      await fc.assert(property, { seed, numRuns: runs ?? few, ...limits });
    },
    isLong ? LONG : undefined,
  );
}
