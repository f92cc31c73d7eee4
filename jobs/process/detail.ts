import { inspect } from 'node:util';

/** Long enough for a stack, its causes and a query; a log line is no place for more. Characters. */
const AT_MOST = 10_000;

/**
 * All of what was thrown: message, stack, causes, query and parameters. It may hold rows' values, so
 * it goes to the worker's log at most, and only with LRM_ERROR_DETAIL=full.
 */
export function detailOf(thrown: unknown): string | undefined {
  try {
    return inspect(thrown, { depth: 4, maxArrayLength: 20, maxStringLength: AT_MOST })
      .slice(0, AT_MOST)
      .toWellFormed();
  } catch {
    // A getter or a proxy that throws; the description says what there is to say.
    return undefined;
  }
}
