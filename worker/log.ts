import pino, { type Logger } from 'pino';

/**
 * JSON lines for a log collector, readable lines on a terminal. Each line is written at once, so that
 * none is lost when the worker is killed.
 */
export function createLog(level: string): Logger {
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return process.stdout.isTTY
    ? pino({
        ...base,
        transport: { target: 'pino-pretty', options: { translateTime: 'SYS:standard' } },
      })
    : pino(
        { ...base, formatters: { level: (label) => ({ level: label }) } },
        pino.destination({ sync: true }),
      );
}
