import { asJson, warn } from './output';

/** The exit code that shells use after SIGINT. */
const INTERRUPTED = 130;

/**
 * While `work` waits, Ctrl-C ends this command but not the work itself.
 * @param line says so, and what to type to look again
 * @param restoreTerminal called first
 */
export async function sayWhenInterrupted<T>(
  line: string,
  work: () => Promise<T>,
  restoreTerminal: () => void = () => {},
): Promise<T> {
  const interrupted = () => {
    restoreTerminal();
    if (!asJson) console.error();
    warn(line);
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', interrupted);
  try {
    return await work();
  } finally {
    process.off('SIGINT', interrupted);
  }
}
