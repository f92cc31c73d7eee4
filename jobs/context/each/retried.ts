import { backOff, TRIES_AT_MOST } from '../walk/backOff';
import type { Tally } from '../walk/tally';
import { troubleOf } from '../walk/trouble';

/**
 * Calls `body`, and again after trouble of the database that passes, as often as a batch is tried.
 * @throws the last error of `body`; the signal's reason while it waits for the next try.
 */
export async function retried(
  body: () => PromiseLike<unknown>,
  tally: Pick<Tally, 'hasFailed'>,
  stop: AbortSignal,
): Promise<void> {
  for (let failures = 0; ; ) {
    try {
      await body();
      return;
    } catch (error) {
      failures += 1;
      if (!troubleOf(error) || failures >= TRIES_AT_MOST) throw error;
      // A walk in the body has failed, after as many tries. It can't begin again in this attempt.
      if (tally.hasFailed()) throw error;
      await backOff(failures, stop);
    }
  }
}
