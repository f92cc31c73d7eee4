import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again and again until `condition` gives something, and returns that.
 * @param what what is awaited, for the message when it doesn't come.
 * @param deadline milliseconds; generous, since it costs time only where something is wrong.
 * @throws Error at the deadline, or whatever `condition` throws, at once.
 */
export async function waitFor<T>(
  what: string,
  condition: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  deadline = 30_000,
): Promise<T> {
  const end = Date.now() + deadline;
  for (;;) {
    const result = await condition();
    if (result !== undefined && result !== null && result !== false) return result;
    if (Date.now() > end) throw new Error(`waited ${deadline / 1000} s in vain for ${what}`);
    await sleep(POLL);
  }
}

/** Short beside what is awaited, long beside what asking costs. */
const POLL = 50;
