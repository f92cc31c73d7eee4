import { Command, CommanderError } from 'commander';
import { UsageError } from '../settings/usageError';
import type { SessionOptions } from './local/session/session';
import { runUntilCtrlC } from './local/session/untilCtrlC';

/** `npm start`. Exit code: 0 when stopped or done, 1 after a failure, 2 for wrong use. */
async function main(): Promise<number> {
  try {
    return await runUntilCtrlC(process.env, readOptions());
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(error instanceof Error ? error.message : String(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

function readOptions(): SessionOptions {
  const { sampleData, ...options } = new Command('npm start --')
    .description(
      'Starts Postgres and Temporal (unless DATABASE_URL and TEMPORAL_ADDRESS are set), a worker and a run.',
    )
    .option('--once', 'end when nothing is pending; exit code 0, or 1 if a migration failed', false)
    .option('--fresh', "delete the dev servers' data first", false)
    .option('--sample-data', "put the sample's table and jobs into DATABASE_URL's database", false)
    .addHelpText('after', '\nExample:\n  npm start -- --once')
    .exitOverride()
    .parse(process.argv)
    .opts<{ once: boolean; fresh: boolean; sampleData: boolean }>();
  return { ...options, samples: sampleData ? 'always' : 'embedded' };
}

void main().then((code) => {
  process.exitCode = code;
});
