import type { Log } from '../activities/log';
import { reason } from './reason';

/** The worker can't start. The message is one line: what is wrong and what to do. */
export class CanNotStart extends Error {
  override readonly name = 'CanNotStart';
}

/** Wait between two attempts. Milliseconds. */
const AGAIN = 1_000;

/**
 * Repeats `attempt` until it succeeds, logs why it waits, and gives up after `atMost` milliseconds.
 * @throws CanNotStart with the last error
 */
export async function waitFor<T>(
  what: string,
  attempt: () => Promise<T>,
  atMost: number,
  log: Log,
): Promise<T> {
  const until = performance.now() + atMost;
  let logged = '';
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof CanNotStart) throw error;
      const why = reason(error);
      if (performance.now() + AGAIN > until) {
        throw new CanNotStart(
          `gave up waiting for ${what}: ${why} (LRM_WAIT sets how long to wait)`,
        );
      }
      // Logs each reason only once: a wait of one minute should not log sixty lines.
      if (why !== logged) log.warn(`waiting for ${what}: ${why}`);
      logged = why;
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}
