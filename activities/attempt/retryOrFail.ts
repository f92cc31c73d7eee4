import type { Description } from '../../jobs/process/describeError';
import type { During } from '../../jobs/process/messages';

/**
 * - `retry`: transient; the next attempt may not meet it. Never recorded as failure.
 * - `fail`: no attempt could mend it.
 * - `unknown`: retried, up to so many in a row without progress.
 * - `superseded`: not an error of the job's; a newer attempt has begun.
 */
export type Verdict = 'retry' | 'fail' | 'unknown' | 'superseded';

type Rule = readonly [matches: (error: Description) => boolean, verdict: Verdict];

const sqlState =
  (...starts: string[]) =>
  (error: Description): boolean =>
    error.origin === 'postgres' && starts.some((start) => error.code?.startsWith(start));

const coded =
  (...codes: string[]) =>
  (error: Description): boolean =>
    error.origin !== 'postgres' && error.code !== undefined && codes.includes(error.code);

const named =
  (...names: string[]) =>
  (error: Description): boolean =>
    names.includes(error.name);

const ours =
  (...names: string[]) =>
  (error: Description): boolean =>
    error.origin === 'ours' && names.includes(error.name);

/** The first that matches decides. By type and code only: texts change with versions and languages. */
const RULES: readonly Rule[] = [
  // The fence found a newer attempt.
  [ours('Superseded'), 'superseded'],
  // The database is not as this attempt left it: the next one reads what is there.
  [ours('AttemptOutdated'), 'retry'],
  // The author, or a part of ours (a walk over a key that has no index), says that it is final.
  [(error) => error.nonRetryable === true, 'fail'],
  [ours('JobUsageError', 'UsageError'), 'fail'],

  // Connection exceptions: the server went away, or is not there yet.
  [sqlState('08'), 'retry'],
  // Rolled back for others' sake: serialization failure, deadlock.
  [sqlState('40'), 'retry'],
  // Out of disk, memory, connections: somebody will see to it; the data are whole.
  [sqlState('53'), 'retry'],
  // Somebody held the lock longer than lock_timeout; or the object is in use.
  [sqlState('55P03', '55006'), 'retry'],
  // Statement timeout or cancel (57014), shutdown, crash recovery, a dropped session (57P0x).
  [sqlState('57'), 'retry'],
  // Idle in transaction, or the transaction, timed out: a frozen or overloaded worker.
  [sqlState('25P03', '25P04'), 'retry'],
  // Read-only: the primary has just become a replica. The next connection finds the new one.
  [sqlState('25006'), 'retry'],
  // The data are not what the job takes them for: they will not be at the next attempt either.
  [sqlState('22'), 'fail'],
  // A constraint says no.
  [sqlState('23'), 'fail'],
  // Wrong SQL, a missing table, column or schema, no privilege.
  [sqlState('42', '3F'), 'fail'],

  // The body of a transaction has sent COMMIT or ROLLBACK itself.
  [coded('TRANSACTION_ENDED'), 'fail'],

  // postgres.js: lost, not reached in time, or closed under it.
  [
    coded('CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT'),
    'retry',
  ],
  // Sockets: refused or reset while the other side restarts, routes that come and go.
  [coded('ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'), 'retry'],
  [coded('EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL'), 'retry'],
  // The resolver itself couldn't answer now. (ENOTFOUND, 'no such host', may be a typing error: unknown.)
  [coded('EAI_AGAIN'), 'retry'],
  // This machine is out of files, memory or disk.
  [coded('EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EAGAIN'), 'retry'],
  // undici, the fetch() of Node.
  [coded('UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_SOCKET'), 'retry'],
  [coded('UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'), 'retry'],

  // A mistake in the code. After the rules above, since `fetch failed` is a TypeError with a cause.
  [named('TypeError', 'ReferenceError', 'SyntaxError'), 'fail'],
];

/** What becomes of a migration whose attempt threw this. */
export function decide(during: During, error: Description): Verdict {
  // What can't be loaded can't be run, whatever was thrown: a newer file is a new `lrm retry`.
  if (during === 'load') return 'fail';
  return verdictOf(error);
}

/** Causes innermost first: the innermost that a rule knows decides. */
function verdictOf(error: Description): Verdict {
  const verdicts = error.causes.map(verdictOf).filter((verdict) => verdict !== 'unknown');
  // Of several at once (AggregateError) the one that can't be mended counts.
  for (const first of ['superseded', 'fail', 'retry'] as const) {
    if (verdicts.includes(first)) return first;
  }
  return RULES.find(([matches]) => matches(error))?.[1] ?? 'unknown';
}
