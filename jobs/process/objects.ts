/** What of a Postgres error's fields is looked at. */
export interface PostgresFields {
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** Where in the SQL it found the mistake; only what it reads in SQL has one. */
  readonly position: string | undefined;
  /** The SQL as it was sent, without parameters; postgres.js tells it. */
  readonly query: string | undefined;
  /** The server's function that raised it. */
  readonly routine: string | undefined;
}

/**
 * Names of the schema objects that a message is about, as it writes them; undefined when it names
 * none. Only for codes whose messages hold nothing else, and whatever the server's language
 * (lc_messages): what is quoted, and where Postgres doesn't quote, what looks like a name there.
 */
export function objectsOf(error: PostgresFields): string | undefined {
  const { code = '', message = '' } = error;
  // RAISE … USING ERRCODE: then it is a text of somebody's own.
  if (error.routine === 'exec_stmt_raise') return undefined;
  const find = NAMES[code];
  if (!find) return undefined;
  const quoted = [...message.matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? '');
  const names = (quoted.length > 0 ? quoted : find(message)).filter(
    (name) => looksLikeName(name) && (code === NO_PRIVILEGE || isOfTheSql(name, error)),
  );
  return names.length > 0 ? names.join(', ') : undefined;
}

/** insufficient_privilege: what it names exists, so it can't be a row's text that was taken for a name. */
const NO_PRIVILEGE = '42501';

/** By SQLSTATE: where a message that quotes nothing has its names. */
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
  // These quote theirs: tables, types and the like, schemas, ambiguous columns, duplicates.
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

/** A name or an operator with its types. Somebody may have written "…" around a value. */
const looksLikeName = (name: string): boolean =>
  name.length <= NAME_AT_MOST &&
  /^(?![\p{N}\s])[\p{L}\p{N}_$.,()[\]\s+\-*/<>=~!#%^&|`?"]+$/u.test(name);

/** An operator between two types of 63 bytes each. */
const NAME_AT_MOST = 140;

/** Not a row's text: `column::regclass` takes that for a name, too, and then its error quotes it. */
function isOfTheSql(name: string, { position, query }: PostgresFields): boolean {
  if (position !== undefined) return true;
  return query?.toLowerCase().includes(name.replace(/\(.*$/s, '').toLowerCase()) ?? false;
}
