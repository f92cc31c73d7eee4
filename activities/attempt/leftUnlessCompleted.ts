import { errorText } from './errorText';
import type { AttemptEnd } from './runAttempt';

/**
 * How an attempt ended that may only find out that there is nothing to do. It shares its process with
 * earlier ones and had little time, so an error is not held against its migration: a worker runs it
 * again, and its attempt decides.
 */
export function leftUnlessCompleted(end: AttemptEnd): AttemptEnd {
  if (end.kind === 'threw') return { kind: 'left', why: errorText(end.during, end.error) };
  if (end.kind === 'stopped' && end.reason === 'time limit') {
    return { kind: 'left', why: 'it needs more than 10 s' };
  }
  return end;
}
