import { runSession, type SessionOptions } from './session';

/**
 * Runs a session until it is done or the operator stops it: the first Ctrl-C stops it cleanly, the
 * second does not wait for running migrations.
 * @returns the exit code: 0 when stopped or done, 1 when a migration has failed
 */
export async function runUntilCtrlC(
  env: NodeJS.ProcessEnv,
  options: SessionOptions,
): Promise<number> {
  const asked = new AbortController();
  const insisted = new AbortController();
  const onSignal = () => (asked.signal.aborted ? insisted : asked).abort();
  // SIGHUP: the terminal was closed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  asked.signal.addEventListener('abort', () => console.log('\nStopping …'));
  try {
    return await runSession(env, options, { asked: asked.signal, insisted: insisted.signal });
  } catch (error) {
    // An error after the operator's stop request is only a consequence of it.
    if (asked.signal.aborted) return 0;
    throw error;
  }
}
