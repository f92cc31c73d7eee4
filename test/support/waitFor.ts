import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `condition` until it returns a value, and returns that value.
 * @param what what the test waits for; part of the message at the deadline
 * @param deadline milliseconds. It can be generous, because only a failing test waits for it.
 * @throws WaitedInVain at the deadline, or at once whatever `condition` throws
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
    if (Date.now() > end) throw new WaitedInVain(what, deadline);
    await sleep(POLL);
  }
}

/** What was waited for did not come by the deadline. */
export class WaitedInVain extends Error {
  override readonly name = 'WaitedInVain';

  constructor(what: string, deadline: number) {
    super(`waited ${deadline / 1000} s in vain for ${what}`);
  }
}

/** Much shorter than most waits, and much longer than one call of the condition. Milliseconds. */
const POLL = 50;
