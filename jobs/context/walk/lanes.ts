/**
 * Runs so many lanes side by side and waits for all of them. When one fails, the others are told
 * to stop through their signal; none is left running behind.
 * @throws what the first one failed with, or the outer signal's reason.
 */
export async function runLanes(
  lanes: number,
  signal: AbortSignal,
  lane: (stop: AbortSignal) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const guarded = async () => {
    try {
      await lane(stop);
    } catch (error) {
      failures.push(error);
      failed.abort();
    }
  };
  await Promise.all(Array.from({ length: lanes }, guarded));
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
