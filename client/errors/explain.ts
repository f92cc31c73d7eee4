import { explainTemporal } from '../../activities/explainTemporal';
import { explainPostgres } from '../../drizzle/explainPostgres';
import { EntryFailed, NotApplied } from '../../drizzle/migrator/migrate';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { plainText } from '../../settings/plainText';
import { UsageError } from '../../settings/usageError';

/** What an operator is told of an error, and the exit code. */
export interface Explanation {
  /** Empty when everything has been said. */
  readonly line: string;
  readonly exitCode: 1 | 2;
}

/** The state of things is a failure, and the command has shown it already. */
export class AlreadyReported extends Error {
  override readonly name = 'AlreadyReported';
}

/**
 * One line on what is wrong and what to do. No stack trace, and never a part of DATABASE_URL or a
 * row's value: of errors that may quote those only codes and names pass.
 */
export function explain(error: unknown): Explanation {
  if (error instanceof AlreadyReported) return { line: '', exitCode: 1 };
  if (error instanceof UsageError) return { line: error.message, exitCode: 2 };
  if (error instanceof OperationRefused || error instanceof NotApplied)
    return failed(error.message);
  if (error instanceof EntryFailed) {
    return failed(`${error.message}: ${explain(error.cause).line}. Nothing of that file was kept`);
  }
  const line = explainTemporal(error) ?? explainPostgres(error);
  return failed(line ?? `unexpected: ${describeUnexpected(error)}`);
}

/** A server's own words may be in it. */
const failed = (line: string): Explanation => ({ line: plainText(line), exitCode: 1 });

function describeUnexpected(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  // A DrizzleQueryError without a cause would still quote its parameters.
  if (error.message.startsWith('Failed query')) return error.name;
  return `${error.name}: ${error.message.split('\n')[0]}`;
}
