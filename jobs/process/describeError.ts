import { AttemptOutdated, Superseded } from '../../drizzle/rows/superseded';
import { plainText } from '../../settings/plainText';
import { UsageError } from '../../settings/usageError';
import { JobUsageError } from '../context/jobUsageError';
import { UnfinishedWalk } from '../context/walk/unfinishedWalk';
import { objectsOf } from './objects';
import { placeOf } from './place';

/**
 * What was thrown, fit to leave the thread: no row's value in it. Of Postgres's, the driver's and
 * Drizzle's errors only codes and names pass; of the language's own (JSON.parse quotes its input,
 * `'x' in value` its operand) class and place; of Node's loader which module it looked for; what an
 * author or a library throws as a plain Error or a class of its own passes as it is.
 */
export interface Description {
  /** Class of the error, or 'undefined', 'string' … for what is no Error. */
  readonly name: string;
  readonly message?: string;
  /** SQLSTATE, Node's or the driver's code. */
  readonly code?: string;
  /** Who made it: decides how the code is read. */
  readonly origin: 'postgres' | 'driver' | 'language' | 'ours' | 'author' | 'no error';
  /** file:line:column of the first frame in the author's own code. */
  readonly place?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** The schema objects that Postgres's message names: a missing column, say. */
  readonly objects?: string;
  /** ApplicationFailure.nonRetryable. */
  readonly nonRetryable?: true;
  /** The error's cause, or the errors of an AggregateError. */
  readonly causes: readonly Description[];
}

/** Longer messages say nothing more to a person. */
const MESSAGE_AT_MOST = 1_000;
/** As many errors are looked at, causes and errors of AggregateErrors together. */
const DESCRIBED_AT_MOST = 30;
/** As many errors of an AggregateError are looked at. */
const ERRORS_AT_MOST = 10;

/** Errors of ours that an attempt can end in. */
const OURS = [Superseded, AttemptOutdated, UnfinishedWalk, JobUsageError, UsageError];

const LANGUAGE = new Set([
  'SyntaxError',
  'TypeError',
  'ReferenceError',
  'RangeError',
  'URIError',
  'EvalError',
]);

/** What Node's loader says by these is which module it could not load. */
const OF_LOADER = new Set([
  'MODULE_NOT_FOUND',
  'ERR_MODULE_NOT_FOUND',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_PACKAGE_IMPORT_NOT_DEFINED',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_REQUIRE_ESM',
]);

/** Describes whatever was thrown, also what is no Error or hides behind getters that throw. */
export function describeError(thrown: unknown): Description {
  return describeOne(thrown, new Set());
}

/** @param seen errors described so far: a chain may run in a circle, an AggregateError hold itself. */
function describeOne(thrown: unknown, seen: Set<unknown>): Description {
  if (typeof thrown !== 'object' && typeof thrown !== 'function') return describeNoError(thrown);
  if (thrown === null) return describeNoError(thrown);
  seen.add(thrown);
  const get = (key: string): unknown => {
    try {
      return (thrown as Record<string, unknown>)[key];
    } catch {
      return undefined;
    }
  };
  const word = (key: string): string | undefined => {
    const value = get(key);
    return typeof value === 'string' && value !== '' ? clip(value) : undefined;
  };
  const isError = thrown instanceof Error || typeof get('stack') === 'string';
  if (!isError) return describeObject(thrown);
  const name = className(thrown, word('name'));
  const origin = originOf(thrown, name, word);
  const description = {
    name,
    origin,
    code: codeOf(get('code')),
    message: messageOf(origin, name, word('message'), get),
    place: clipped(placeOf(get('stack'), get('message'))),
    ...(origin === 'postgres'
      ? {
          schema: word('schema_name'),
          table: word('table_name'),
          column: word('column_name'),
          constraint: word('constraint_name'),
          objects: objectsOf({
            code: word('code'),
            message: word('message'),
            position: word('position'),
            query: word('query'),
            routine: word('routine'),
          }),
        }
      : {}),
    nonRetryable: get('nonRetryable') === true ? (true as const) : undefined,
    causes: causesOf(get)
      .filter((each) => !seen.has(each) && seen.size < DESCRIBED_AT_MOST)
      .map((each) => describeOne(each, seen)),
  };
  return withoutUndefined(description) as Description;
}

function describeNoError(thrown: unknown): Description {
  if (typeof thrown === 'string') {
    return { name: 'string', origin: 'no error', message: clip(thrown), causes: [] };
  }
  return { name: thrown === null ? 'null' : typeof thrown, origin: 'no error', causes: [] };
}

/** An object that is no Error may be a row: only the names of its keys pass. */
function describeObject(thrown: object): Description {
  let keys: string[] = [];
  try {
    keys = Object.keys(thrown).slice(0, ERRORS_AT_MOST);
  } catch {
    // A proxy that throws; nothing to tell of it.
  }
  const message = keys.length > 0 ? clip(`an object with ${keys.join(', ')}`) : undefined;
  return withoutUndefined({
    name: 'object',
    origin: 'no error',
    message,
    causes: [],
  }) as Description;
}

function className(thrown: object, name: string | undefined): string {
  try {
    const ofClass = thrown.constructor?.name;
    // DrizzleQueryError and many an author's class leave `name` at 'Error'.
    return clip(name && name !== 'Error' ? name : ofClass || name || 'Error');
  } catch {
    return name ?? 'Error';
  }
}

function originOf(
  thrown: object,
  name: string,
  word: (key: string) => string | undefined,
): Description['origin'] {
  // By class: an author's error may have the same name.
  if (OURS.some((ours) => thrown instanceof ours)) return 'ours';
  // Also 'pg' in a job's own connection: what has an SQLSTATE and a severity comes from Postgres.
  if (/^[0-9A-Z]{5}$/.test(word('code') ?? '') && word('severity')) return 'postgres';
  if (name.startsWith('Drizzle') || word('query') !== undefined) return 'driver';
  // DOMExceptions too: structuredClone quotes what it can't clone.
  if (LANGUAGE.has(name) || thrown instanceof DOMException) return 'language';
  return 'author';
}

function messageOf(
  origin: Description['origin'],
  name: string,
  message: string | undefined,
  get: (key: string) => unknown,
): string | undefined {
  if (origin === 'ours') return message;
  // Names a file or a package; below its first line stands who asked for it.
  if (OF_LOADER.has(codeOf(get('code')) ?? ''))
    return clip(String(get('message')).split('\n', 1).join());
  if (origin !== 'author' || name === 'ZodError') return undefined;
  // Node quotes arguments ("Received type string ('a@b.example')"), paths and hosts.
  if (typeof get('syscall') === 'string' || get('errno') !== undefined) return undefined;
  return /^(ERR|UND_ERR)_/.test(String(codeOf(get('code')) ?? '')) ? undefined : message;
}

function codeOf(code: unknown): string | undefined {
  // Codes are words; anything else in that place might be a value.
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}

function causesOf(get: (key: string) => unknown): unknown[] {
  const cause = get('cause');
  const errors = get('errors');
  return [
    ...(cause === undefined || cause === null ? [] : [cause]),
    ...(Array.isArray(errors) ? errors.slice(0, ERRORS_AT_MOST) : []),
  ];
}

const clipped = (text: string | undefined) => (text === undefined ? undefined : clip(text));

/** Fit for a text column and every screen: one line, no control characters, no megabytes. */
function clip(text: string): string {
  // Cut first: what would be thrown away needn't be looked through.
  const whole = plainText(text.slice(0, 4 * MESSAGE_AT_MOST));
  return whole.length > MESSAGE_AT_MOST
    ? `${whole.slice(0, MESSAGE_AT_MOST)}…`.toWellFormed()
    : whole;
}

function withoutUndefined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
