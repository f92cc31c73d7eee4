import type { Description } from '../../jobs/thread/describe';
import type { During } from '../../jobs/thread/messages';

/** Conditions an operator meets most, by SQLSTATE; names as in Postgres's appendix of error codes. */
const CONDITIONS: Readonly<Record<string, string>> = {
  '22001': 'value too long for its column',
  '22003': 'number out of range',
  '22007': 'not a date or time',
  '22012': 'division by zero',
  '22021': 'bytes that are not valid in the encoding',
  '22P02': 'text that can not be converted to the type',
  '22P05': 'a character the encoding does not have',
  '23502': 'NOT NULL violation',
  '23503': 'foreign key violation',
  '23505': 'unique violation',
  '23514': 'check violation',
  '23P01': 'exclusion violation',
  '25006': 'the server is read-only',
  '25P03': 'idle in transaction for too long',
  '40001': 'serialization failure',
  '40P01': 'deadlock',
  '42501': 'no privilege for it',
  '42601': 'wrong SQL',
  '42703': 'no such column',
  '42883': 'no such function or operator',
  '42P01': 'no such table',
  '42P07': 'the table is there already',
  '53100': 'disk full',
  '53200': 'out of memory',
  '53300': 'too many connections',
  '55P03': 'a lock was not to be had in time',
  '57014': 'the statement ran into a timeout or was cancelled',
  '57P01': 'the session was ended by an administrator',
  '57P02': 'the server crashed',
  '57P03': 'the server does not accept connections now',
};

/** By the first two characters, for what {@link CONDITIONS} doesn't name. */
const CLASSES: Readonly<Record<string, string>> = {
  '08': 'connection exception',
  '22': 'wrong data',
  '23': 'integrity constraint violation',
  '25': 'invalid transaction state',
  '28': 'invalid authorization',
  '40': 'transaction rollback',
  '42': 'wrong SQL or no access',
  '53': 'insufficient resources',
  '54': 'a limit of the server was exceeded',
  '55': 'object not in the required state',
  '57': 'operator intervention',
  '58': 'system error',
  P0: 'raised by a function or DO block',
  XX: 'internal error',
};

/** Chains longer than this repeat themselves. */
const PARTS_AT_MOST = 4;

/** One line on what was thrown: our own text for what may quote a row, its own for what may not. */
export function errorText(during: During, error: Description): string {
  const text = parts(error).slice(0, PARTS_AT_MOST).join('; caused by ');
  if (during === 'load') return `the job can't be loaded: ${text}`;
  return during === 'elsewhere' ? `outside of run()'s own course: ${text}` : text;
}

function parts(error: Description): string[] {
  return [part(error), ...error.causes.flatMap(parts)];
}

function part(error: Description): string {
  return [body(error), error.place ? `at ${error.place}` : ''].filter(Boolean).join(' ');
}

function body(error: Description): string {
  if (error.origin === 'postgres') return postgres(error);
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return 'the job needs more memory than memoryLimitMb or LRM_MEMORY_LIMIT_MB allows';
  }
  if (error.origin === 'driver') return `the database query failed (${error.code ?? error.name})`;
  if (error.origin === 'no error') {
    return `${error.message ?? error.name} was thrown, which is no Error`;
  }
  const code = error.code ? ` (${error.code})` : '';
  return error.message ? `${error.name}: ${error.message}${code}` : `${error.name}${code}`;
}

function postgres(error: Description): string {
  const code = error.code ?? '';
  const what = CONDITIONS[code] ?? CLASSES[code.slice(0, 2)] ?? 'an error of the database';
  const table = error.schema && error.table ? `${error.schema}.${error.table}` : error.table;
  return [
    `${what} (SQLSTATE ${code})`,
    error.constraint ? `on constraint ${error.constraint}` : '',
    error.column ? `on column ${error.column}` : '',
    table ? `of table ${table}` : '',
  ]
    .filter(Boolean)
    .join(' ');
}
