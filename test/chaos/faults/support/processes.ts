import { waitFor } from '../../../support/waitFor';
import { stateOf } from '../frozen';

/**
 * Sends a signal to all of them, as nearly at once as can be.
 * @returns those that got it: the others had ended
 */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): number[] {
  return pids.filter((pid) => {
    try {
      return process.kill(pid, signal);
    } catch {
      return false;
    }
  });
}

/** A zombie has ended, too. */
export const isGone = (pid: number): boolean => 'XZ'.includes(stateOf(pid));

/** @throws Error when one of them is still there at the deadline, in milliseconds */
export async function untilGone(pids: readonly number[], deadline = SOON): Promise<void> {
  await waitFor(`processes ${pids.join(', ')} to end`, () => pids.every(isGone), deadline);
}

/** Signals take effect at once, but this machine may have no time for the process. Milliseconds. */
const SOON = 20_000;
