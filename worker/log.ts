import pino, { type Logger } from 'pino';

/** JSON lines for a log collector; readable lines on a terminal. Written at once: a worker may be killed. */
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
