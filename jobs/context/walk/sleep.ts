import { setTimeout } from 'node:timers/promises';

/**
 * Waits for a number of milliseconds.
 * @throws the signal's reason, as soon as the signal is aborted.
 */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
