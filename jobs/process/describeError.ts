import { NotConnected } from '../../drizzle/connection/notConnected';
import { AttemptOutdated, Superseded } from '../../drizzle/rows/superseded';
import { plainText } from '../../settings/plainText';
import { UsageError } from '../../settings/usageError';
import { OwnTransaction } from '../context/ddl/ownTransaction';
import { TableInUse } from '../context/ddl/tableInUse';
import { JobUsageError } from '../context/jobUsageError';
import { NotVerified } from '../context/notVerified';
import { UnfinishedStep } from '../context/step/unfinishedStep';
import { GroupTooLarge } from '../context/walk/groupTooLarge';
import { UnfinishedWalk } from '../context/walk/unfinishedWalk';
import { DescribedBadRow, DescribedError } from './describedError';
import { objectsOf } from './objects';
import { placeOf } from './place';

/**
 * A thrown value, described without row values, so that it may leave the job thread:
 * - errors of Postgres, the driver and Drizzle: only codes and names of schema objects;
 * - errors of the language: class and place (JSON.parse quotes its input, `'x' in value` its operand);
 * - errors of Node's module loader: which module is missing;
 * - errors that an author or a library throws, as an Error or a class of their own: unchanged.
 */
export interface Description {
  /** Class of the error, or the type ('undefined', 'string' …) of a value that is not an Error. */
  readonly name: string;
  readonly message?: string;
  /** SQLSTATE, Node's or the driver's code. */
  readonly code?: string;
  /** Where the error comes from. Decides how the code is read. */
  readonly origin: 'postgres' | 'driver' | 'language' | 'ours' | 'author' | 'no error';
  /** file:line:column of the first frame in the author's own code. */
  readonly place?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** The schema objects that Postgres's message names, for example a missing column. */
  readonly objects?: string;
  /** ApplicationFailure.nonRetryable. */
  readonly nonRetryable?: true;
  /** The error's cause, or the errors of an AggregateError. */
  readonly causes: readonly Description[];
}

/** A longer message is not more useful to a reader. Characters. */
const MESSAGE_AT_MOST = 1_000;
/** At most this many errors are described: causes and errors of AggregateErrors together. */
const DESCRIBED_AT_MOST = 30;
/** At most this many errors of one AggregateError are described. */
const ERRORS_AT_MOST = 10;

/** Our own errors with which an attempt can end. */
const OURS = [
  Superseded,
  AttemptOutdated,
  UnfinishedWalk,
  UnfinishedStep,
  OwnTransaction,
  TableInUse,
  GroupTooLarge,
  JobUsageError,
  NotVerified,
  UsageError,
  NotConnected,
];

const LANGUAGE = new Set([
  'SyntaxError',
  'TypeError',
  'ReferenceError',
  'RangeError',
  'URIError',
  'EvalError',
]);

/** With these codes, the message names the module that Node's loader could not load. */
const OF_LOADER = new Set([
  'MODULE_NOT_FOUND',
  'ERR_MODULE_NOT_FOUND',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_PACKAGE_IMPORT_NOT_DEFINED',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_REQUIRE_ESM',
]);

/** Describes any thrown value, also one that is not an Error or has getters that throw. */
export function describeError(thrown: unknown): Description {
  return describeOne(thrown, new Set());
}

/** @param seen errors described so far: causes may form a circle, an AggregateError may hold itself */
function describeOne(thrown: unknown, seen: Set<unknown>): Description {
  if (typeof thrown !== 'object' && typeof thrown !== 'function') return describeNoError(thrown);
  if (thrown === null) return describeNoError(thrown);
  seen.add(thrown);
  if (thrown instanceof DescribedError || thrown instanceof DescribedBadRow) {
    return thrown.description;
  }
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

/** An object that is not an Error may be a row: only the names of its keys are shown. */
function describeObject(thrown: object): Description {
  let keys: string[] = [];
  try {
    keys = Object.keys(thrown).slice(0, ERRORS_AT_MOST);
  } catch {
    // A proxy that throws: nothing about it can be shown.
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
    // DrizzleQueryError and many authors' classes have the `name` 'Error'.
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
  // An error with an SQLSTATE and a severity comes from Postgres, also when the job uses 'pg'.
  if (/^[0-9A-Z]{5}$/.test(word('code') ?? '') && word('severity')) return 'postgres';
  if (name.startsWith('Drizzle') || word('query') !== undefined) return 'driver';
  // Also DOMExceptions: structuredClone quotes the value that it can't clone.
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
  // The first line names a file or a package. The other lines name the files that required it.
  if (OF_LOADER.has(codeOf(get('code')) ?? ''))
    return clip(String(get('message')).split('\n', 1).join());
  if (origin !== 'author' || name === 'ZodError') return undefined;
  // Node quotes arguments ("Received type string ('a@b.example')"), paths and hosts.
  if (typeof get('syscall') === 'string' || get('errno') !== undefined) return undefined;
  return /^(ERR|UND_ERR)_/.test(String(codeOf(get('code')) ?? '')) ? undefined : message;
}

function codeOf(code: unknown): string | undefined {
  // A code is a word. Anything else could be a row value.
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

/** Makes text fit for a column and a screen: one short line without control characters. */
function clip(text: string): string {
  // Cut first: plainText() should not read megabytes.
  const whole = plainText(text.slice(0, 4 * MESSAGE_AT_MOST));
  return whole.length > MESSAGE_AT_MOST
    ? `${whole.slice(0, MESSAGE_AT_MOST)}…`.toWellFormed()
    : whole;
}

function withoutUndefined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
