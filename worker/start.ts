import { Command, CommanderError } from 'commander';
import { UsageError } from '../settings/usageError';
import { runSession, type SessionOptions } from './local/session/session';

/** `npm start`. Exit code: 0 when stopped or done, 1 after a failure, 2 for wrong use. */
async function main(): Promise<number> {
  const asked = new AbortController();
  const insisted = new AbortController();
  const onSignal = () => (asked.signal.aborted ? insisted : asked).abort();
  // SIGHUP: the terminal was closed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  asked.signal.addEventListener('abort', () => console.log('\nStopping …'));
  try {
    const stop = { asked: asked.signal, insisted: insisted.signal };
    return await runSession(process.env, readOptions(), stop);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    // An error after the operator's stop request is only a consequence of it.
    if (asked.signal.aborted) return 0;
    console.error(error instanceof Error ? error.message : String(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

function readOptions(): SessionOptions {
  return new Command('npm start --')
    .description(
      'Starts Postgres and Temporal (unless DATABASE_URL and TEMPORAL_ADDRESS are set), a worker and a run.',
    )
    .option('--once', 'end when nothing is pending; exit code 0, or 1 if a migration failed', false)
    .option('--fresh', "delete the dev servers' data first", false)
    .option('--sample-data', "put the sample's table and jobs into DATABASE_URL's database", false)
    .addHelpText('after', '\nExample:\n  npm start -- --once')
    .exitOverride()
    .parse(process.argv)
    .opts<SessionOptions>();
}

void main().then((code) => {
  process.exitCode = code;
});
