import type { Logger as TemporalLogger } from '@temporalio/worker';
import type { Log } from '../activities/log';
import { keyProblemOf } from '../activities/payloads/keyProblem';

/**
 * Writes the SDK's messages to our log. Messages about activities get level debug: our own log says
 * the same with the migration's name.
 */
export function temporalLogger(log: Log): TemporalLogger {
  const own = log.child({ from: 'temporal' });
  const write = (
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    meta?: object,
  ): void => {
    // A task that can't be decoded comes whole, with its payloads.
    const { error, task, taskEncoded, ...given } = (meta ?? {}) as Record<string, unknown>;
    const fields = named(given);
    const keyProblem = keyProblemOf(error);
    if (keyProblem) fields['error'] = keyProblem;
    // Core's errors are about connections. An activity's error may hold row values.
    if (fields['sdkComponent'] === 'core' && error !== undefined) fields['error'] = String(error);
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

/** By our names: 'attempt' is the one of our rows, which goes on counting in the next run. */
function named({ attempt, ...fields }: Record<string, unknown>): Record<string, unknown> {
  return {
    ...fields,
    ...(attempt === undefined ? {} : { temporalAttempt: attempt }),
    ...(fields['activityType'] === 'runMigration' ? { migration: fields['activityId'] } : {}),
  };
}
