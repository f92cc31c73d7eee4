import type { Logger as TemporalLogger } from '@temporalio/worker';
import type { Logger } from 'pino';

/**
 * The SDK's own lines, in our log. Its line for each failed attempt is left out: ours says it with
 * the migration's name.
 */
export function temporalLogger(log: Logger): TemporalLogger {
  const own = log.child({ from: 'temporal' });
  const write = (
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    meta?: object,
  ): void => {
    const { error, ...fields } = (meta ?? {}) as Record<string, unknown>;
    // Of a connection, as core says it; an activity's may hold anything.
    if (fields['sdkComponent'] === 'core') fields['error'] = error;
    const ofActivity = fields['sdkComponent'] === 'activity' || 'activityId' in fields;
    own[ofActivity || level === 'info' ? 'debug' : level](fields, message);
  };
  const logger: TemporalLogger = {
    log: (level, message, meta) =>
      write(level === 'TRACE' ? 'debug' : (level.toLowerCase() as 'debug'), message, meta),
    trace: (message, meta) => write('debug', message, meta),
    debug: (message, meta) => write('debug', message, meta),
    info: (message, meta) => write('info', message, meta),
    warn: (message, meta) => write('warn', message, meta),
    error: (message, meta) => write('error', message, meta),
  };
  return logger;
}
