import { plainText } from '../../settings/plainText';
import type { LogLevel, LogMessage } from './messages';

/** Writes a line of a job to a log. */
export type LogLine = (level: LogLevel, message: string, fields: Record<string, unknown>) => void;

/**
 * Where lines go that are of no attempt: to a worker's log, or to the standard error of a command,
 * whose standard output is its answer.
 */
export type Output = 'stderr' | LogLine;

export function printTo(output: Output, { level, message, fields }: LogMessage): void {
  if (output === 'stderr') process.stderr.write(`${plainText(message)}\n`);
  else output(level, message, fields);
}
