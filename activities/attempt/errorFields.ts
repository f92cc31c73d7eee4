import type { Description } from '../../jobs/process/describeError';

/** What the log says of an error besides its text. */
export interface ErrorFields {
  /** SQLSTATE, or the code of the driver or of Node. */
  readonly code?: string;
}

/** Reads them from an error. Causes are looked at innermost first, as retryOrFail.ts does. */
export function errorFields(error: Description): ErrorFields {
  const code = codeOf(error);
  return code === undefined ? {} : { code };
}

function codeOf(error: Description): string | undefined {
  for (const cause of error.causes) {
    const found = codeOf(cause);
    if (found !== undefined) return found;
  }
  return error.code;
}
