import { AttemptOutdated, Superseded } from '../../../drizzle/rows/superseded';
import { TransactionEnded } from '../../../drizzle/transactionEnded';
import { plainText } from '../../../settings/plainText';
import { isBadRow } from '../badRow';
import { UnfinishedWalk } from './unfinishedWalk';

/** Why a row can't be migrated, without the row's values. */
export interface DataError {
  /** The SQLSTATE. Null: the author's code threw a BadRow. */
  readonly code: string | null;
  /** The author's reason, or the schema objects that Postgres names. */
  readonly reason: string | null;
}

/** A column and a screen have room for this. Characters. */
const REASON_AT_MOST = 400;
/** More errors in causes and AggregateErrors are a loop. */
const ERRORS_AT_MOST = 30;

/**
 * What is wrong with the data, if an error comes from the data alone: an error of Postgres in the
 * classes 22 (wrong data) and 23 (a violated constraint), or a BadRow. Undefined if anything else is
 * among the error and its causes: a BadRow that was made of a lost connection says nothing about
 * the row.
 */
export function dataErrorOf(thrown: unknown): DataError | undefined {
  const errors = withCauses(thrown);
  if (errors.some(isOther)) return undefined;
  const bad = errors.find(isBadRow);
  if (bad) return { code: null, reason: short(bad.message) };
  const error = errors.find(isOfData);
  return error && { code: wordOf(error, 'code') ?? null, reason: short(objectsOf(error)) };
}

function withCauses(thrown: unknown): Error[] {
  const found: Error[] = [];
  const add = (each: unknown): void => {
    if (!isError(each) || found.includes(each) || found.length >= ERRORS_AT_MOST) return;
    found.push(each);
    add(each.cause);
    const { errors } = each as { errors?: unknown };
    if (Array.isArray(errors)) errors.forEach(add);
  };
  add(thrown);
  return found;
}

/** Also a DOMException, and an error of another realm. */
const isError = (thrown: unknown): thrown is Error =>
  typeof (thrown as { stack?: unknown } | null | undefined)?.stack === 'string';

/** Our own errors, which say how the attempt ends. */
const OURS = [Superseded, AttemptOutdated, TransactionEnded, UnfinishedWalk];
/** AbortSignal's reasons, and that of a job's own signal. */
const STOPS = ['AbortError', 'TimeoutError', 'StopRequested'];
/**
 * Node's own errors, sockets, files, TLS certificates and the connections of postgres.js. A BadRow
 * may still be made of what Node says about data: a URL, an encoding, a cipher text.
 */
const NOT_OF_DATA =
  /^(?:(?:UND_)?ERR_(?!INVALID_URL$|ENCODING_INVALID_ENCODED_DATA$|OSSL_)|E[A-Z0-9]+$|CONNECTION_|CONNECT_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;

/** Whether an error is not about data, wherever it is among the causes. */
function isOther(error: Error): boolean {
  if (isBadRow(error)) return false;
  const code = wordOf(error, 'code');
  if (OURS.some((ours) => error instanceof ours) || STOPS.includes(error.name)) return true;
  // The author says that it is final.
  if ('nonRetryable' in error && error.nonRetryable === true) return true;
  if (code === undefined) return false;
  return isSqlState(error) ? !isOfData(error) : NOT_OF_DATA.test(code);
}

const isOfData = (error: Error): boolean =>
  isSqlState(error) && /^2[23]/.test(wordOf(error, 'code') ?? '');

/** An error with an SQLSTATE and a severity comes from Postgres, also when the job uses 'pg'. */
const isSqlState = (error: Error): boolean =>
  /^[0-9A-Z]{5}$/.test(wordOf(error, 'code') ?? '') && wordOf(error, 'severity') !== undefined;

/** Names of schema objects are no values of rows. */
function objectsOf(error: Error): string {
  const parts = ['constraint', 'column', 'table'].map((kind) => {
    const name = wordOf(error, `${kind}_name`);
    return name && `${kind} ${name}`;
  });
  return parts.filter(Boolean).join(', ');
}

function wordOf(error: Error, key: string): string | undefined {
  const value = (error as unknown as Record<string, unknown>)[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function short(text: string): string | null {
  return (
    plainText(text.slice(0, 4 * REASON_AT_MOST))
      .slice(0, REASON_AT_MOST)
      .toWellFormed() || null
  );
}
