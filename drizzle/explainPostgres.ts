import { databaseSetting } from '../settings/databases';
import { UsageError } from '../settings/usageError';
import { condition } from './conditions';
import { NotConnected } from './connection/notConnected';
import { clientCertificateProblem } from './connection/tlsProblem';

/** The fields of an error of the driver or the server. */
interface Coded {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly hostname?: unknown;
  readonly table_name?: unknown;
  readonly constraint_name?: unknown;
}

const BROKEN = () => 'Postgres closed the connection; try again';
const NO_ANSWER = (error: Coded) => `Postgres at ${where(error)} doesn't answer (DATABASE_URL)`;
const NO_HOST = (error: Coded) =>
  `no such host for Postgres: ${text(error.hostname)} (DATABASE_URL)`;

/**
 * What is wrong and what an operator can do about it, for errors without a {@link condition}: the
 * driver's own, and one of the server's that only its message explains.
 */
const explanations: Readonly<Record<string, (error: Coded) => string>> = {
  ECONNREFUSED: (error) => `nothing answers for Postgres at ${where(error)} (DATABASE_URL)`,
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  ENOTFOUND: NO_HOST,
  EAI_AGAIN: NO_HOST,
  EHOSTUNREACH: (error) => `Postgres at ${where(error)} can't be reached (DATABASE_URL)`,
  ETIMEDOUT: NO_ANSWER,
  CONNECT_TIMEOUT: NO_ANSWER,
  CONNECTION_CLOSED: BROKEN,
  CONNECTION_ENDED: BROKEN,
  // PgBouncer, for example, refuses unknown parameters. The message names the parameter.
  '08P01': (error) =>
    `Postgres or its pooler refuses the connection: ${error.message} (DATABASE_URL)`,
  // No entry in pg_hba.conf, a client certificate that is missing, no such role. Only the message
  // tells them apart; it names host, user and database.
  '28000': (error) => {
    const next = error.message.includes('certificate') ? '; set sslcert and sslkey' : '';
    return `Postgres refuses the connection: ${error.message}${next} (DATABASE_URL)`;
  },
};

const MIGRATE = 'run npx lrm migrate';
const AGAIN = 'try again';
const CHECK = 'check DATABASE_URL';
const PASSWORD = `${CHECK}, or PGPASSWORD and the password file if it has none`;

/** What an operator can do about a {@link condition}. */
const advice: Readonly<Record<string, string>> = {
  // A status or an outcome that a newer version added.
  '22P02': `this version knows a value that the database lacks; ${MIGRATE}`,
  '25006': 'it may be a replica; name the primary in DATABASE_URL',
  '28P01': PASSWORD,
  '3D000': CHECK,
  '3F000': MIGRATE,
  '42703': MIGRATE,
  '42704': MIGRATE,
  '42P01': MIGRATE,
  '53300': AGAIN,
  '55P03': AGAIN,
  '57014': AGAIN,
  '57P01': AGAIN,
  '57P02': AGAIN,
  '57P03': AGAIN,
};

/**
 * Explains an error of Postgres or its driver about our own tables, in one line. The line holds
 * host and port, but nothing else of DATABASE_URL, and no value of a row.
 * @returns undefined for errors from elsewhere
 */
export function explainPostgres(error: unknown): string | undefined {
  const cause = innermost(error);
  if (cause instanceof NotConnected || cause instanceof UsageError) return cause.message;
  if (!isCoded(cause)) return undefined;
  const certificate = clientCertificateProblem(cause.code);
  if (certificate) return `Postgres ${certificate} (DATABASE_URL)`;
  const known = explanations[cause.code];
  if (known) return known(cause);
  if (cause.name !== 'PostgresError') return undefined;
  return `Postgres: ${condition(cause.code)} (${names(cause)})${then(advice[cause.code])}`;
}

/** {@link explainPostgres} for a further database, `LRM_DATABASE_<NAME>_URL`. */
export function explainElsewhere(error: unknown, name: string): string | undefined {
  return explainPostgres(error)
    ?.replaceAll('DATABASE_URL', databaseSetting(name))
    .replace(MIGRATE, `${MIGRATE} --database ${name}`);
}

/** {@link explainPostgres} for `LRM_JOB_DATABASE_URL`, for which PGPASSWORD is not used. */
export function explainJobUrl(error: unknown): string | undefined {
  return explainPostgres(error)
    ?.replace(/\bDATABASE_URL/g, 'LRM_JOB_DATABASE_URL')
    .replace('PGPASSWORD and the', 'the');
}

const then = (what: string | undefined) => (what ? `: ${what}` : '');

/** The objects of the error. Messages of class 42 hold only names; others may quote a row. */
function names(error: Coded): string {
  if (error.code.startsWith('42')) return error.message;
  const objects = [error.table_name, error.constraint_name].filter((name) => name !== undefined);
  return [`SQLSTATE ${error.code}`, ...objects].join(', ');
}

/** Drizzle wraps the driver's error in one that holds the query and its parameters. */
function innermost(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 8; depth++) {
    if (!(current instanceof Error) || current.cause === undefined) return current;
    current = current.cause;
  }
  return current;
}

function isCoded(error: unknown): error is Coded {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' && typeof message === 'string';
}

const where = ({ address, port }: Coded): string =>
  port === undefined ? text(address) : `${text(address)}:${text(port)}`;

/** A list when DATABASE_URL names several hosts. */
const text = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));
