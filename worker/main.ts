import { explainTemporal } from '../activities/explainTemporal';
import { explainPostgres } from '../drizzle/explainPostgres';
import { detailOf } from '../jobs/process/detail';
import { plainText } from '../settings/plainText';
import { readSettings, type Settings } from '../settings/settings';
import { UsageError } from '../settings/usageError';
import { createLog } from './log';
import { CanNotStart } from './waitFor';

/** `npm run worker`. Exit code: 0 after SIGTERM or SIGINT, 1 after an error, 2 for wrong settings. */
async function main(): Promise<number> {
  const settings = readSettings();
  const log = createLog(settings.LRM_LOG_LEVEL);
  try {
    // Loaded only now: the schema that our tables are in is a setting.
    const { runWorker } = await import('./runWorker');
    await runWorker(settings, log);
    return 0;
  } catch (error) {
    log.fatal(...whatFailed(error, settings));
    return error instanceof UsageError ? 2 : 1;
  }
}

/** One line. The message of an unexpected error may hold row values: only class and code are shown. */
function whatFailed(error: unknown, settings: Settings): [object, string] {
  if (error instanceof CanNotStart || error instanceof UsageError) return [{}, error.message];
  const known = explainTemporal(error) ?? explainPostgres(error);
  const detail = settings.LRM_ERROR_DETAIL === 'full' ? { detail: detailOf(error) } : {};
  if (known) return [detail, plainText(known)];
  const { code } = (error ?? {}) as { code?: unknown };
  const name = error instanceof Error ? error.name : typeof error;
  return [{ error: name, code, ...detail }, 'the worker failed'];
}

main().then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(
      `${error instanceof UsageError ? error.message : `the worker failed: ${error?.name}`}\n`,
    );
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
