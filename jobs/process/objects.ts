/** The fields of a Postgres error that are used here. */
export interface PostgresFields {
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** Position of the mistake in the SQL. Only names that are written in the SQL have one. */
  readonly position: string | undefined;
  /** The SQL that was sent, without parameters. postgres.js adds it. */
  readonly query: string | undefined;
  /** The server's function that raised the error. */
  readonly routine: string | undefined;
}

/**
 * Names of the schema objects in a message, undefined when it has none. Only for codes whose messages
 * hold nothing else. It works for every language of the server (lc_messages): it takes the quoted
 * words or, in messages without quotes, the words that look like names.
 */
export function objectsOf(error: PostgresFields): string | undefined {
  const { code = '', message = '' } = error;
  // RAISE … USING ERRCODE: somebody wrote this message, so it may hold anything.
  if (error.routine === 'exec_stmt_raise') return undefined;
  const find = NAMES[code];
  if (!find) return undefined;
  const quoted = [...message.matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? '');
  const names = (quoted.length > 0 ? quoted : find(message)).filter(
    (name) => looksLikeName(name) && (code === NO_PRIVILEGE || isOfTheSql(name, error)),
  );
  return names.length > 0 ? names.join(', ') : undefined;
}

/** insufficient_privilege: the named object exists, so the name can't be a row value. */
const NO_PRIVILEGE = '42501';

/** By SQLSTATE: finds the names in a message without quotes. */
const NAMES: Readonly<Record<string, (message: string) => string[]>> = {
  // column p.nme does not exist
  '42703': (message) => matches(/[\p{L}_][\p{L}\p{N}_$]*(?:\.[\p{L}_][\p{L}\p{N}_$]*)+/gu, message),
  // function lowr(text) does not exist; operator does not exist: text + integer
  '42883': (message) => {
    const functions = matches(/[\p{L}_][\p{L}\p{N}_$.]*\([^()]*\)/gu, message);
    return functions.length > 0 ? functions : matches(/[^:]+$/g, message);
  },
  // permission denied for table people; must be owner of table people
  [NO_PRIVILEGE]: (message) => matches(/[\p{L}_][\p{L}\p{N}_$.]*$/gu, message),
  // Their messages always quote names: tables, types, schemas, ambiguous columns, duplicates.
  '42P01': () => [],
  '42704': () => [],
  '3F000': () => [],
  '42702': () => [],
  '42P07': () => [],
  '42701': () => [],
  '42710': () => [],
};

const matches = (pattern: RegExp, text: string): string[] =>
  [...text.matchAll(pattern)].map(([found]) => found.trim());

/** A name, or an operator with its types. A value may be quoted, too, so quotes prove nothing. */
const looksLikeName = (name: string): boolean =>
  name.length <= NAME_AT_MOST &&
  /^(?![\p{N}\s])[\p{L}\p{N}_$.,()[\]\s+\-*/<>=~!#%^&|`?"]+$/u.test(name);

/** Enough for an operator between two types of 63 bytes each. */
const NAME_AT_MOST = 140;

/** Excludes row values: `column::regclass` reads a value as a name, and its error quotes the value. */
function isOfTheSql(name: string, { position, query }: PostgresFields): boolean {
  if (position !== undefined) return true;
  return query?.toLowerCase().includes(name.replace(/\(.*$/s, '').toLowerCase()) ?? false;
}
