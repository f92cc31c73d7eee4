import pino, { type Logger } from 'pino';
import { plainText } from '../../settings/plainText';

/**
 * A log for work that a command does itself: its warnings and errors, one line each. With
 * LRM_LOG_LEVEL=debug everything, also what jobs log.
 */
export function commandLog(level: string, say: (line: string) => void): Logger {
  const shown = level === 'debug' || level === 'error' ? level : 'warn';
  return pino({ level: shown, base: null }, { write: (line) => say(text(line)) });
}

function text(line: string): string {
  const { migration, msg } = JSON.parse(line) as { migration?: unknown; msg?: unknown };
  const message = String(msg ?? '');
  const named = typeof migration === 'string' && !message.includes(migration);
  return plainText(named ? `${migration}: ${message}` : message);
}
