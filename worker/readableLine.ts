import { prettyFactory } from 'pino-pretty';
import { escapeInvisible } from '../settings/plainText';

/** It gets nothing but time, level and text: it would write some fields as they are. */
const pretty = prettyFactory({ translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' });

/**
 * A JSON line of the log as a person reads it: time, level, which attempt, message, other fields.
 * Without what is the same in all lines of a worker or a run.
 */
export function readableLine(line: string): string {
  const { level, time, msg, worker, workflowId, runId, migration, attempt, detail, ...more } =
    JSON.parse(line) as Record<string, unknown>;
  const who = [migration, attempt === undefined ? undefined : `#${attempt}`]
    .filter((each) => each !== undefined)
    .join(' ');
  const fields = Object.keys(more).length > 0 ? JSON.stringify(more) : '';
  const first = [who && `${who}:`, msg, fields].filter(Boolean).join(' ');
  const lines = [first, ...(typeof detail === 'string' ? detail.split('\n') : [])];
  return pretty({ level, time, msg: lines.map(escapeInvisible).join('\n    ') });
}
