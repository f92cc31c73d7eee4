import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What was thrown, fit to leave the thread: no row's value in it. Of Postgres's, the driver's and
 * Drizzle's errors only codes and names pass; of the language's own (JSON.parse quotes its input,
 * `'x' in value` its operand) class and place; what an author or a library throws as a plain Error
 * or a class of its own passes as it is.
 */
export interface Description {
  /** Class of the error, or 'undefined', 'string' … for what is no Error. */
  readonly name: string;
  readonly message?: string;
  /** SQLSTATE, Node's or the driver's code. */
  readonly code?: string;
  /** Who made it: decides how the code is read. */
  readonly origin: 'postgres' | 'driver' | 'language' | 'author' | 'no error';
  /** file:line:column of the first frame in the job's own code. */
  readonly place?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** ApplicationFailure.nonRetryable. */
  readonly nonRetryable?: true;
  /** The error's cause, or the errors of an AggregateError. */
  readonly causes: readonly Description[];
}

/** Longer messages say nothing more to a person. */
const MESSAGE_AT_MOST = 1_000;
/** Deeper chains are loops. */
const DEPTH_AT_MOST = 8;
/** As many errors of an AggregateError are looked at. */
const ERRORS_AT_MOST = 10;

const LANGUAGE = new Set([
  'SyntaxError',
  'TypeError',
  'ReferenceError',
  'RangeError',
  'URIError',
  'EvalError',
]);

/** Describes whatever was thrown, also what is no Error or hides behind getters that throw. */
export function describe(thrown: unknown, depth = 0): Description {
  if (typeof thrown !== 'object' && typeof thrown !== 'function') return describeNoError(thrown);
  if (thrown === null) return describeNoError(thrown);
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
  const origin = originOf(name, word);
  const description = {
    name,
    origin,
    code: codeOf(get('code')),
    message: messageOf(origin, name, word('message'), get),
    place: placeOf(get('stack')),
    ...(origin === 'postgres'
      ? {
          schema: word('schema_name'),
          table: word('table_name'),
          column: word('column_name'),
          constraint: word('constraint_name'),
        }
      : {}),
    nonRetryable: get('nonRetryable') === true ? (true as const) : undefined,
    causes: depth < DEPTH_AT_MOST ? causesOf(get).map((each) => describe(each, depth + 1)) : [],
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
    return name && name !== 'Error' ? name : ofClass || name || 'Error';
  } catch {
    return name ?? 'Error';
  }
}

function originOf(name: string, word: (key: string) => string | undefined): Description['origin'] {
  // Also 'pg' in a job's own connection: what has an SQLSTATE and a severity comes from Postgres.
  if (/^[0-9A-Z]{5}$/.test(word('code') ?? '') && word('severity')) return 'postgres';
  if (name.startsWith('Drizzle') || word('query') !== undefined) return 'driver';
  if (LANGUAGE.has(name)) return 'language';
  return 'author';
}

function messageOf(
  origin: Description['origin'],
  name: string,
  message: string | undefined,
  get: (key: string) => unknown,
): string | undefined {
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

/** First frame that is neither Node's nor a dependency's; of a stack nothing else is safe to tell. */
function placeOf(stack: unknown): string | undefined {
  if (typeof stack !== 'string') return undefined;
  for (const line of stack.split('\n')) {
    const found = /^\s+at (?:.*\()?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/.exec(line);
    if (!found?.[1] || found[1].includes('node_modules')) continue;
    const file = found[1].startsWith('file:') ? fileURLToPath(found[1]) : found[1];
    return `${path.basename(file)}:${found[2]}:${found[3]}`;
  }
  return undefined;
}

/** Fit for a text column: no NUL, no lone surrogates, no megabytes. */
function clip(text: string): string {
  const whole = text.replaceAll('\0', '').toWellFormed();
  return whole.length > MESSAGE_AT_MOST
    ? `${whole.slice(0, MESSAGE_AT_MOST)}…`.toWellFormed()
    : whole;
}

function withoutUndefined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
