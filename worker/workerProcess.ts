import { explainTemporal } from '../activities/explainTemporal';
import { explainPostgres } from '../drizzle/explainPostgres';
import { detailOf } from '../jobs/process/detail';
import { plainText } from '../settings/plainText';
import { readSettings, type Settings } from '../settings/settings';
import { UsageError } from '../settings/usageError';
import { createLog } from './log';
import { runWorker } from './runWorker';
import { CanNotStart } from './waitFor';

/**
 * Runs a worker with the settings of the environment until SIGTERM or SIGINT.
 * @returns the exit code: 0 after a signal, 1 after an error, 2 for wrong settings, all logged
 * @throws UsageError when the settings can't be read, so that there is no log yet
 */
export async function workerProcess(): Promise<number> {
  const settings = readSettings();
  const log = createLog(settings);
  process.removeAllListeners('warning').on('warning', ({ name, message, code }: NodeWarning) => {
    log.warn({ from: 'node', code }, plainText(`${name}: ${message}`));
  });
  // Node would print the message, which may hold row values, between our lines.
  process.on('uncaughtException', (error) => {
    log.fatal(...whatFailed(error, settings));
    process.exit(1);
  });
  try {
    await runWorker(settings, log);
    return 0;
  } catch (error) {
    log.fatal(...whatFailed(error, settings));
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Its own type has no code. */
type NodeWarning = Error & { readonly code?: string };

/** One line. The message of an unexpected error may hold row values: only class and code are shown. */
function whatFailed(error: unknown, settings: Settings): [object, string] {
  if (error instanceof CanNotStart || error instanceof UsageError) return [{}, error.message];
  const known = explainTemporal(error) ?? explainPostgres(error);
  const detail = settings.LRM_ERROR_DETAIL === 'full' ? { detail: detailOf(error) } : {};
  if (known) return [detail, plainText(known)];
  const { code } = (error ?? {}) as { code?: unknown };
  const name = error instanceof Error ? error.name : typeof error;
  return [{ errorClass: name, code, ...detail }, 'the worker failed'];
}
