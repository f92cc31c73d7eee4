import { asJson, warn } from './output';

/** The shell's code for a command ended by SIGINT. */
const INTERRUPTED = 130;

/**
 * While `work` waits, Ctrl-C ends only the waiting: says so, and what to type to look again.
 * @param leaving called first, to leave the terminal in order
 */
export async function sayWhenInterrupted<T>(
  line: string,
  work: () => Promise<T>,
  leaving: () => void = () => {},
): Promise<T> {
  const interrupted = () => {
    leaving();
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
