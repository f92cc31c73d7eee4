import type { Description } from '../../jobs/process/describeError';
import { errorClass } from '../metrics/errorClass';

/** What the log says of an error besides its text. */
export interface ErrorFields {
  /** As metrics have it: 'sqlstate_23', 'author' … */
  readonly errorClass: string;
  /** SQLSTATE, or the code of the driver or of Node. */
  readonly code?: string;
}

/** Reads them from an error. Causes are looked at innermost first, as retryOrFail.ts does. */
export function errorFields(error: Description): ErrorFields {
  const code = codeOf(error);
  return { errorClass: errorClass(error), ...(code === undefined ? {} : { code }) };
}

function codeOf(error: Description): string | undefined {
  for (const cause of error.causes) {
    const found = codeOf(cause);
    if (found !== undefined) return found;
  }
  return error.code;
}
