import pino, { type Logger } from 'pino';
import { plainText } from '../../settings/plainText';

/**
 * A log for work that a command does itself: its warnings and errors, and what jobs print, one line
 * each. With LRM_LOG_LEVEL=debug everything, also what jobs log.
 */
export function commandLog(level: string, say: (line: string) => void): Logger {
  const { levels } = pino;
  const least = levels.values[level === 'debug' || level === 'error' ? level : 'warn'] ?? 0;
  const write = (json: string) => {
    const line: Line = JSON.parse(json);
    if (line.level >= least || line.stream !== undefined) say(text(line));
  };
  return pino({ level: level === 'debug' ? level : 'info', base: null }, { write });
}

interface Line {
  readonly level: number;
  readonly msg?: unknown;
  readonly migration?: unknown;
  /** Of a line that a job has printed. */
  readonly stream?: unknown;
}

function text({ migration, msg }: Line): string {
  const message = String(msg ?? '');
  const named = typeof migration === 'string' && !message.includes(migration);
  return plainText(named ? `${migration}: ${message}` : message);
}
