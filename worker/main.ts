import { readSettings } from '../activities/settings';
import { WrongUse } from '../drizzle/wrongUse';
import { createLog } from './log';
import { runWorker } from './runWorker';
import { CanNotStart } from './waitFor';

/** `npm run worker`: exit code 0 after SIGTERM or SIGINT, 1 when it can't work, 2 for wrong settings. */
async function main(): Promise<number> {
  const settings = readSettings();
  const log = createLog(settings.LRM_LOG_LEVEL);
  try {
    await runWorker(settings, log);
    return 0;
  } catch (error) {
    const known = error instanceof CanNotStart || error instanceof WrongUse;
    if (known) log.fatal(error.message);
    // The message of what nobody foresaw may hold anything; its class and code don't.
    else
      log.fatal(
        {
          error: error instanceof Error ? error.name : typeof error,
          code: (error as { code?: unknown })?.code,
        },
        'the worker failed',
      );
    return error instanceof WrongUse ? 2 : 1;
  }
}

main().then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(
      `${error instanceof WrongUse ? error.message : `the worker failed: ${error?.name}`}\n`,
    );
    process.exit(error instanceof WrongUse ? 2 : 1);
  },
);
