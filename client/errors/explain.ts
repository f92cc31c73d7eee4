import { explainTemporal } from '../../activities/explainTemporal';
import { explainPostgres } from '../../drizzle/explainPostgres';
import { EntryFailed, NotApplied } from '../../drizzle/migrator/errors';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { packageManager } from '../../settings/packageManager';
import { plainText } from '../../settings/plainText';
import { redactor } from '../../settings/redact';
import { UsageError } from '../../settings/usageError';

/** What an operator sees of an error, and the exit code. */
export interface Explanation {
  /** Empty when the command has already reported everything. */
  readonly line: string;
  readonly exitCode: 1 | 2;
}

/** The command has failed, and has already shown why. */
export class AlreadyReported extends Error {
  override readonly name = 'AlreadyReported';
  constructor(readonly exitCode: 1 | 2 = 1) {
    super();
  }
}

/**
 * One line on what is wrong and what to do. It has no stack trace, and never a part of DATABASE_URL
 * or a row's value: if an error may quote those, only its code and its name are shown.
 */
export function explain(error: unknown): Explanation {
  const { line, exitCode } = inWords(error);
  // It may quote what was typed or set: a URL that was meant for another setting, or characters that
  // control a terminal.
  return { line: withoutPasswords(plainText(line)), exitCode };
}

const withoutPasswords = redactor([]);

function inWords(error: unknown): Explanation {
  if (error instanceof AlreadyReported) return { line: '', exitCode: error.exitCode };
  if (error instanceof UsageError) return { line: error.message, exitCode: 2 };
  if (error instanceof OperationRefused || error instanceof NotApplied)
    return failed(error.message);
  if (error instanceof EntryFailed) {
    return failed(
      `${error.message}: ${explain(error.cause).line}. Nothing from that file was kept`,
    );
  }
  const missing = missingPackage(error);
  if (missing) {
    return failed(
      `the package ${missing} is not installed; type: ${packageManager().add} ${missing}`,
    );
  }
  const line = explainTemporal(error) ?? explainPostgres(error);
  return failed(line ?? `unexpected: ${describeUnexpected(error)}`);
}

/** The peer dependency that could not be loaded: yarn 1 does not install them by itself. */
function missingPackage(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  const peer = /^Cannot find (?:module|package) '(@temporalio\/[a-z-]+|drizzle-orm)\b/;
  return peer.exec(String(message))?.[1];
}

const failed = (line: string): Explanation => ({ line, exitCode: 1 });

function describeUnexpected(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  // A DrizzleQueryError without a cause would still quote its parameters.
  if (error.message.startsWith('Failed query')) return error.name;
  return `${error.name}: ${error.message.split('\n')[0]}`;
}
