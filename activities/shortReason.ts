import { plainText } from '../settings/plainText';

/** Reasons are shown in tables, and a run keeps up to a hundred of them. Characters. */
const REASON_AT_MOST = 400;

/**
 * Makes a reason why a migration is not started fit to be shown: one line, of which the beginning says
 * enough. It may come from a job's process, which can send anything.
 */
export function shortReason(given: string): string {
  // Cut first: plainText() should not read megabytes.
  const reason = plainText(given.slice(0, 4 * REASON_AT_MOST));
  return reason.length > REASON_AT_MOST
    ? `${reason.slice(0, REASON_AT_MOST - 1)}…`.toWellFormed()
    : reason;
}
