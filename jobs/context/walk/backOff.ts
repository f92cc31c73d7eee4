import { sleep } from './sleep';

/**
 * How often one batch or look-up is tried. With the waits in between that takes about ten seconds.
 * Longer trouble ends the attempt. Attempts have longer waits between them.
 */
export const TRIES_AT_MOST = 10;

const FIRST_MS = 50;
const LONGEST_MS = 2_000;

/**
 * Waits before the next try. The wait doubles with each failure. It is shortened by a random part,
 * so that lanes in each other's way don't meet again.
 */
export async function backOff(failures: number, signal: AbortSignal): Promise<void> {
  const ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** failures);
  await sleep(ms * (0.5 + Math.random() / 2), signal);
}
