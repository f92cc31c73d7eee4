import { inspect } from 'node:util';

/** Enough for a stack, its causes and a query. A log line should not be longer. Characters. */
const AT_MOST = 10_000;

/**
 * The whole of a thrown value: message, stack, causes, query and parameters. It may hold row values,
 * so it goes only to the worker's log, and only with LRM_ERROR_DETAIL=full.
 */
export function detailOf(thrown: unknown): string | undefined {
  try {
    return inspect(thrown, { depth: 4, maxArrayLength: 20, maxStringLength: AT_MOST })
      .slice(0, AT_MOST)
      .toWellFormed();
  } catch {
    // A getter or a proxy that throws. The description still says what is known.
    return undefined;
  }
}
