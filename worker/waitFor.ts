import type { Logger } from 'pino';
import { explainTemporal } from '../activities/explainTemporal';
import { explainPostgres } from '../drizzle/explainPostgres';
import { plainText } from '../settings/plainText';

/** The worker can't start: one line on what is wrong and what to do. */
export class CanNotStart extends Error {
  override readonly name = 'CanNotStart';
}

/** Between two tries. Milliseconds. */
const AGAIN = 1_000;

/**
 * Tries until it succeeds, saying so, and gives up after `atMost` milliseconds.
 * @throws CanNotStart with what the last try met.
 */
export async function waitFor<T>(
  what: string,
  attempt: () => Promise<T>,
  atMost: number,
  log: Logger,
): Promise<T> {
  const until = performance.now() + atMost;
  let said = '';
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof CanNotStart) throw error;
      const why = reason(error);
      if (performance.now() + AGAIN > until) {
        throw new CanNotStart(
          `gave up waiting for ${what}: ${why} (LRM_WAIT is how long it waits)`,
        );
      }
      // Once for each reason: a minute's wait is no reason for sixty lines.
      if (why !== said) log.warn(`waiting for ${what}: ${why}`);
      said = why;
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}

/** In the same words as `lrm`; of what neither knows, class and code: a message may hold anything. */
function reason(error: unknown): string {
  const line = explainTemporal(error) ?? explainPostgres(error);
  if (line) return plainText(line);
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? `${error.name} (${code})` : error.name;
}
