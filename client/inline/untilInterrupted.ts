import type { Progress } from '../terminal/progress';

/** The exit code that shells use after SIGINT. */
const INTERRUPTED = 130;

/** Calls `work` with a signal that Ctrl-C or SIGTERM aborts. A second Ctrl-C ends the process. */
export async function untilInterrupted<T>(
  progress: Pick<Progress, 'say' | 'close'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) {
      progress.close();
      process.exit(INTERRUPTED);
    }
    progress.say('stopping at a safe point; press Ctrl-C again to stop at once');
    stop.abort(new Error('the command was interrupted'));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await work(stop.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
