import type { LogLine } from '../jobs/process/output';
import { plainText } from '../settings/plainText';
import type { Log } from './log';

/** What our log says about each line. A job that could replace it would speak for another one. */
const OURS: ReadonlySet<string> = new Set([
  'level',
  'time',
  'msg',
  'worker',
  'workflowId',
  'runId',
  'migration',
  'attempt',
  'from',
  'trace_id',
  'span_id',
  'detail',
]);

/** The fields of a line of `job.log`, marked as the author's. 'attempt' becomes 'job_attempt'. */
export function authorFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(fields).map(([name, value]) => [
    OURS.has(name) ? `job_${name}` : name,
    value,
  ]);
  return { from: 'job', ...Object.fromEntries(own) };
}

/**
 * Writes what jobs log and print. The log may be shown on a terminal, where control characters would
 * take effect.
 */
export const logOfJobs =
  (log: Log): LogLine =>
  (level, message, fields) =>
    log[level](authorFields(fields), plainText(message));
