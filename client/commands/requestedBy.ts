import os from 'node:os';
import type { Asked } from '../../drizzle/rows/stop';
import { plainText } from '../../settings/plainText';

/** The account and the machine that make a request, as in 'alice@build-7'. */
export function requestedBy(reason: string | undefined): Asked {
  return { by: `${account()}@${os.hostname()}`, reason: reason ? plainText(reason) : null };
}

function account(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A container's user often has no name, only a number.
    return String(process.getuid?.() ?? 'unknown');
  }
}
