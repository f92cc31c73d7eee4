import { backOff, TRIES_AT_MOST } from '../walk/backOff';
import type { Tally } from '../walk/tally';
import { troubleOf } from '../walk/trouble';

/**
 * Does the work, and again after trouble of the database that passes, as often as a batch is tried.
 * @param mayRepeat asked after each trouble. Default: it may
 * @throws the last error of `work`; the signal's reason while it waits for the next try.
 */
export async function retried<T>(
  work: () => PromiseLike<T>,
  stop: AbortSignal,
  mayRepeat: () => boolean = () => true,
): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      failures += 1;
      if (!troubleOf(error) || failures >= TRIES_AT_MOST || !mayRepeat()) throw error;
      await backOff(failures, stop);
    }
  }
}

/**
 * Calls the body of a forEach, and again as {@link retried} does. A body that has begun a walk is
 * not called again: no walk can begin twice in one attempt, be it complete or failed. The next
 * attempt calls it, and skips what is complete.
 */
export function callRetried(
  body: () => PromiseLike<unknown>,
  tally: Pick<Tally, 'hasFailed' | 'begunInForEach'>,
  stop: AbortSignal,
): Promise<unknown> {
  const { begunInForEach } = tally;
  return retried(body, stop, () => !tally.hasFailed() && tally.begunInForEach === begunInForEach);
}
