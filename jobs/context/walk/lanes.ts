/**
 * Runs a number of lanes at the same time and waits for all of them. When one fails, the signal of
 * the others is aborted. No lane is still running when this returns.
 * @throws the error of the first lane that failed, or the outer signal's reason.
 */
export async function runLanes(
  lanes: number,
  signal: AbortSignal,
  lane: (stop: AbortSignal, number: number) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const guarded = async (_: unknown, number: number) => {
    try {
      await lane(stop, number);
    } catch (error) {
      failures.push(error);
      failed.abort();
    }
  };
  await Promise.all(Array.from({ length: lanes }, guarded));
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
