/** The most frequent conditions, by SQLSTATE. See Postgres's appendix of error codes. */
const CONDITIONS: Readonly<Record<string, string>> = {
  '22001': 'value too long for its column',
  '22003': 'number out of range',
  '22007': 'not a date or time',
  '22012': 'division by zero',
  '22021': 'bytes that are not valid in the encoding',
  '22P02': 'text that cannot be converted to the type',
  '22P05': 'a character that the encoding does not have',
  '23502': 'NOT NULL violation',
  '23503': 'foreign key violation',
  '23505': 'unique violation',
  '23514': 'check violation',
  '23P01': 'exclusion violation',
  '25006': 'the server is read-only',
  '25P03': 'idle in transaction for too long',
  '40001': 'serialization failure',
  '40P01': 'deadlock',
  '28000': 'this user may not connect',
  '28P01': 'wrong password or user name',
  '3D000': 'no such database',
  '3F000': 'no such schema',
  '42501': 'missing privilege',
  '42601': 'wrong SQL',
  '42701': 'the column already exists',
  '42702': 'ambiguous column name',
  '42703': 'no such column',
  '42704': 'no such type or other object',
  '42710': 'the object already exists',
  '42883': 'no such function or operator',
  '42P01': 'no such table',
  '42P07': 'the table already exists',
  '53100': 'disk full',
  '53200': 'out of memory',
  '53300': 'too many connections',
  '55P03': 'lock timeout',
  '57014': 'the statement ran into a timeout or was cancelled',
  '57P01': 'an administrator ended the session',
  '57P02': 'the server crashed',
  '57P03': 'the server does not accept connections now',
};

/** By the first two characters, for codes that {@link CONDITIONS} does not list. */
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

/**
 * What an SQLSTATE means, in words. Jobs' errors, the worker's log and `lrm` all use these words.
 */
export const condition = (code: string): string =>
  CONDITIONS[code] ?? CLASSES[code.slice(0, 2)] ?? 'a database error';
