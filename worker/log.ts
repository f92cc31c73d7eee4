import pino, { type Logger } from 'pino';
import { escapeInvisible } from '../settings/plainText';
import type { Settings } from '../settings/settings';
import { identity } from './identity';
import { readableLine } from './readableLine';

/**
 * JSON lines for a log collector, readable lines on a terminal; `LRM_LOG_FORMAT` chooses. Each line
 * is written at once, so that none is lost when the worker is killed.
 */
export function createLog({
  LRM_LOG_LEVEL: level,
  LRM_LOG_FORMAT: format,
}: Pick<Settings, 'LRM_LOG_LEVEL' | 'LRM_LOG_FORMAT'>): Logger {
  const readable = format === undefined ? process.stdout.isTTY : format === 'pretty';
  const shown = readable ? readableLine : jsonLine;
  const out = pino.destination({ sync: true });
  return pino(
    {
      level,
      // In each line: the lines of many workers end up in one place.
      base: { worker: identity() },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => void out.write(shown(line)) },
  );
}

/** Whoever shows the line on a terminal gets no commands to it. The value stays the same. */
const jsonLine = (line: string): string => `${escapeInvisible(line.trimEnd())}\n`;
