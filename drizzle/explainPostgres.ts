import { condition } from './conditions';

/** What the driver's and the server's errors have in common. */
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

const BROKEN = () => 'Postgres broke the connection off; try again';
const NO_ANSWER = (error: Coded) => `Postgres at ${where(error)} doesn't answer (DATABASE_URL)`;
const NO_HOST = (error: Coded) =>
  `no such host for Postgres: ${text(error.hostname)} (DATABASE_URL)`;

/** By SQLSTATE or the driver's code: what is wrong and what an operator can do about it. */
const explanations: Readonly<Record<string, (error: Coded) => string>> = {
  ECONNREFUSED: (error) => `nothing answers for Postgres at ${where(error)} (DATABASE_URL)`,
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  ENOTFOUND: NO_HOST,
  EAI_AGAIN: NO_HOST,
  EHOSTUNREACH: (error) => `no way to Postgres at ${where(error)} (DATABASE_URL)`,
  ETIMEDOUT: NO_ANSWER,
  CONNECT_TIMEOUT: NO_ANSWER,
  CONNECTION_CLOSED: BROKEN,
  CONNECTION_ENDED: BROKEN,
  // PgBouncer, for one, refuses what it does not know; the message names the parameter.
  '08P01': (error) =>
    `Postgres or its pooler refuses the connection: ${error.message} (DATABASE_URL)`,
  '28P01': () => 'Postgres refuses the password or the user (DATABASE_URL)',
  '28000': () => 'Postgres refuses the user (DATABASE_URL)',
  '3D000': () => 'Postgres has no such database (DATABASE_URL)',
  '22P02': () => `Postgres lacks a value that this version knows: ${MIGRATE}`,
  '42501': (error) => `Postgres doesn't allow it to this user: ${error.message}`,
};

const MIGRATE = 'run npx lrm migrate';
const AGAIN = 'try again';

/** What to do about a {@link condition} that says by itself what is wrong. */
const advice: Readonly<Record<string, string>> = {
  '25006': 'a replica perhaps; name the primary in DATABASE_URL',
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
 * One line on an error of Postgres or its driver about our own tables; undefined when it is
 * neither's. Nothing of DATABASE_URL but host and port, and no row's value.
 */
export function explainPostgres(error: unknown): string | undefined {
  const cause = innermost(error);
  if (!isCoded(cause)) return undefined;
  const known = explanations[cause.code];
  if (known) return known(cause);
  if (cause.name !== 'PostgresError') return undefined;
  return `Postgres: ${condition(cause.code)} (${names(cause)})${then(advice[cause.code])}`;
}

const then = (what: string | undefined) => (what ? `: ${what}` : '');

/** What it is about. Messages of class 42 (wrong SQL) hold names only; others may quote a row. */
function names(error: Coded): string {
  if (error.code.startsWith('42')) return error.message;
  const objects = [error.table_name, error.constraint_name].filter((name) => name !== undefined);
  return [`SQLSTATE ${error.code}`, ...objects].join(', ');
}

/** Drizzle wraps what the driver threw in an error that holds the query and its parameters. */
function innermost(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 8; depth++) {
    if (!(current instanceof Error) || current.cause === undefined) return current;
    current = current.cause;
  }
  return current;
}

function isCoded(error: unknown): error is Coded {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

const where = ({ address, port }: Coded): string =>
  port === undefined ? text(address) : `${text(address)}:${text(port)}`;

/** Several hosts are lists. */
const text = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));
