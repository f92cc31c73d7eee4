import type { Logger } from 'pino';

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

/** Class and code say what is wrong; a driver's message may hold the connection string. */
function reason(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, cause, name } = error as { code?: unknown; cause?: unknown; name?: string };
  if (typeof code === 'string') return TEXTS[code] ?? code;
  if (name === 'TransportError') return 'no answer';
  return cause ? reason(cause) : (name ?? 'no answer');
}

const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ENOTFOUND: 'no such host (ENOTFOUND)',
  CONNECT_TIMEOUT: 'no answer (CONNECT_TIMEOUT)',
  '28P01': 'wrong user or password (28P01)',
  '28000': 'access refused (28000)',
  '3D000': 'no such database (3D000)',
  '57P03': 'it is starting up (57P03)',
};
