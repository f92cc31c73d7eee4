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

const MIGRATE = 'run npx lrm migrate';

/** By SQLSTATE or the driver's code: what an operator can do about it. */
const explanations: Readonly<Record<string, (error: Coded) => string>> = {
  ECONNREFUSED: (error) => `nothing answers for Postgres at ${where(error)} (DATABASE_URL)`,
  ECONNRESET: () => 'Postgres broke the connection off; try again',
  EPIPE: () => 'Postgres broke the connection off; try again',
  ENOTFOUND: (error) => `no such host for Postgres: ${text(error.hostname)} (DATABASE_URL)`,
  EAI_AGAIN: (error) => `no such host for Postgres: ${text(error.hostname)} (DATABASE_URL)`,
  EHOSTUNREACH: (error) => `no way to Postgres at ${where(error)} (DATABASE_URL)`,
  ETIMEDOUT: (error) => `Postgres at ${where(error)} doesn't answer (DATABASE_URL)`,
  CONNECT_TIMEOUT: (error) => `Postgres at ${where(error)} doesn't answer (DATABASE_URL)`,
  CONNECTION_CLOSED: () => 'Postgres broke the connection off; try again',
  CONNECTION_ENDED: () => 'Postgres broke the connection off; try again',
  // PgBouncer, for one, refuses what it does not know; the message names the parameter.
  '08P01': (error) =>
    `Postgres or its pooler refuses the connection: ${error.message} (DATABASE_URL)`,
  '28P01': () => 'Postgres refuses the password or the user (DATABASE_URL)',
  '28000': () => 'Postgres refuses the user (DATABASE_URL)',
  '3D000': () => 'Postgres has no such database (DATABASE_URL)',
  '42P01': (error) => `a table is missing (${named(error)}): ${MIGRATE}`,
  '42703': (error) => `a column is missing (${named(error)}): ${MIGRATE}`,
  '42704': (error) => `a type is missing (${named(error)}): ${MIGRATE}`,
  '22P02': () => `Postgres lacks a value that this version knows: ${MIGRATE}`,
  '42501': (error) => `Postgres doesn't allow it to this user: ${error.message}`,
  '55P03': () => 'another transaction held a lock for too long; try again',
  '57014': () => 'the statement took too long and was ended; try again',
  '57P01': () => 'Postgres is shutting down; try again',
  '57P03': () => 'Postgres is starting up; try again',
  '53300': () => 'Postgres has no connection left; try again',
  '25006': () => 'this Postgres is read-only, a replica perhaps (DATABASE_URL)',
};

/** One line on an error of Postgres or its driver; undefined when it is neither's. */
export function explainPostgres(error: unknown): string | undefined {
  if (!isCoded(error)) return undefined;
  const known = explanations[error.code];
  if (known) return known(error);
  if (error.name !== 'PostgresError') return undefined;
  // Messages of class 42 (wrong SQL) hold names only; those of others may quote a row's values.
  if (error.code.startsWith('42')) return `Postgres says: ${error.message} (${error.code})`;
  const names = [error.table_name, error.constraint_name].filter((name) => name !== undefined);
  return `Postgres reports ${error.code}${names.length > 0 ? ` on ${names.join(', ')}` : ''}`;
}

function isCoded(error: unknown): error is Coded {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

const where = ({ address, port }: Coded): string =>
  port === undefined ? text(address) : `${text(address)}:${text(port)}`;

/** Class 42 quotes names only. */
const named = (error: Coded): string => error.message;

/** Several hosts are lists. */
const text = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));
