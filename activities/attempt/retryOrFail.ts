import { CLIENT_CERTIFICATE_CODES } from '../../drizzle/connection/tlsProblem';
import type { Description } from '../../jobs/process/describeError';
import type { During } from '../../jobs/process/messages';

/**
 * - `retry`: transient. The next attempt may succeed, so the migration never fails for it.
 * - `fail`: a retry can't fix it.
 * - `unknown`: retried, until `maxFailures` attempts in a row have failed without progress.
 * - `superseded`: not an error of the job. A newer attempt has begun.
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

/** The first rule that matches decides, by type and code. Texts change with versions and languages. */
const RULES: readonly Rule[] = [
  // The fence found a newer attempt.
  [ours('Superseded'), 'superseded'],
  // The database has changed under this attempt. The next one reads what is stored.
  [ours('AttemptOutdated'), 'retry'],
  // No session: a certificate has expired, no host is a primary now. An operator can fix it.
  [ours('NotConnected'), 'retry'],
  // Somebody else builds an index of the table, or refreshes it.
  [ours('TableInUse'), 'retry'],
  // The job says that the error is final, or it is refused: a walk over a key without an index, say.
  [(error) => error.nonRetryable === true, 'fail'],
  [ours('JobUsageError', 'UsageError'), 'fail'],

  // Connection exceptions: the server has gone away or is not there yet.
  [sqlState('08'), 'retry'],
  // Rolled back because of another transaction: serialization failure, deadlock.
  [sqlState('40'), 'retry'],
  // Out of disk, memory or connections: nothing is wrong with the job, and an operator can fix it.
  [sqlState('53'), 'retry'],
  // Lock timeout, or the object is in use.
  [sqlState('55P03', '55006'), 'retry'],
  // Statement timeout or cancel (57014), shutdown, crash recovery, a dropped session (57P0x).
  [sqlState('57'), 'retry'],
  // The transaction, or its time idle, was too long: the worker is frozen or overloaded.
  [sqlState('25P03', '25P04'), 'retry'],
  // Read-only: the primary has become a replica. The next connection finds the new primary.
  [sqlState('25006'), 'retry'],
  // The job expects other data. The next attempt would find the same.
  [sqlState('22'), 'fail'],
  // A constraint is violated.
  [sqlState('23'), 'fail'],
  // Wrong SQL, a missing table, column or schema, no privilege.
  [sqlState('42', '3F'), 'fail'],

  // The job sent COMMIT or ROLLBACK inside of a transaction that was opened for it.
  [coded('TRANSACTION_ENDED'), 'fail'],

  // postgres.js: the connection was lost, closed, or not made in time.
  [
    coded('CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT'),
    'retry',
  ],
  // Sockets: refused or reset while the other side restarts, or the network is down for a moment.
  [coded('ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'), 'retry'],
  [coded('EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL'), 'retry'],
  // The server refuses the client certificate: an operator can replace it.
  [coded(...CLIENT_CERTIFICATE_CODES), 'retry'],
  // DNS did not answer. (ENOTFOUND, 'no such host', may be a typing error, so it is unknown.)
  [coded('EAI_AGAIN'), 'retry'],
  // This machine is out of files, memory or disk.
  [coded('EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EAGAIN'), 'retry'],
  // undici, which is behind Node's fetch().
  [coded('UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_SOCKET'), 'retry'],
  [coded('UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'), 'retry'],

  // A mistake in the code. (`fetch failed` is a TypeError, too, but its cause decides first.)
  [named('TypeError', 'ReferenceError', 'SyntaxError'), 'fail'],
];

/** Decides what happens to a migration after its attempt threw this error. */
export function decide(during: During, error: Description): Verdict {
  // Whatever was thrown, code that can't be loaded can't be run. It needs a new file and `lrm retry`.
  if (during === 'load') return 'fail';
  const verdict = verdictOf(error);
  // What verify() throws on purpose says that work is left, and run() would not do it now either.
  return during === 'verify' && verdict === 'unknown' ? 'fail' : verdict;
}

/** Looks at causes innermost first. The first that a rule knows decides. */
function verdictOf(error: Description): Verdict {
  const verdicts = error.causes.map(verdictOf).filter((verdict) => verdict !== 'unknown');
  // Among the errors of an AggregateError, one that a retry can't fix decides.
  for (const first of ['superseded', 'fail', 'retry'] as const) {
    if (verdicts.includes(first)) return first;
  }
  return RULES.find(([matches]) => matches(error))?.[1] ?? 'unknown';
}
