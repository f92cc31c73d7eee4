import { setTimeout } from 'node:timers/promises';

/**
 * Waits for so many milliseconds.
 * @throws the signal's reason, as soon as it is aborted.
 */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
