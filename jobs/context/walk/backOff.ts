import { sleep } from './sleep';

/**
 * Tries of one batch in a row. With the waits between them about ten seconds: longer trouble is the
 * whole attempt's, which then waits longer and longer.
 */
export const TRIES_AT_MOST = 10;

const FIRST_MS = 50;
const LONGEST_MS = 2_000;

/**
 * Waits before the next try: doubling, and by chance a bit less, so that lanes don't meet again.
 */
export async function backOff(failures: number, signal: AbortSignal): Promise<void> {
  const ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** failures);
  await sleep(ms * (0.5 + Math.random() / 2), signal);
}
