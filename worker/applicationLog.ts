import type { Log } from '../activities/log';

/**
 * The logger of an application. Those of Temporal's SDK (`Runtime.instance().logger`) and winston fit
 * as they are, and so does `console`; pino takes the fields first: `(message, fields) =>
 * pino.info(fields, message)`.
 */
export interface ApplicationLogger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** A log that writes to the application's logger. `always`: fields of each line. */
export function logTo(logger: ApplicationLogger, always: object = {}): Log {
  const writes =
    (level: keyof ApplicationLogger) =>
    (...line: [fields: object, message: string] | [message: string]): void => {
      const message = line.at(-1) as string;
      const fields = line.length === 2 ? line[0] : {};
      logger[level](message, { ...always, ...fields });
    };
  return {
    debug: writes('debug'),
    info: writes('info'),
    warn: writes('warn'),
    error: writes('error'),
    child: (fields) => logTo(logger, { ...always, ...fields }),
  };
}
