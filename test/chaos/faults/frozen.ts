import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../support/waitFor';
import { NothingToBreak } from '../fault';
import { undone } from './undone';

/**
 * Freezes processes (SIGSTOP), and lets them go on after `body`. Those that end meanwhile don't count.
 * @throws NothingToBreak when all of them have ended before
 */
export async function whileFrozen<T>(pids: readonly number[], body: () => Promise<T>): Promise<T> {
  return undone('kill -CONT "$@" 2>/dev/null || true', pids, async () => {
    const stopped = pids.filter(stop);
    await waitFor('processes to be frozen', () =>
      stopped.every((pid) => 'TZX'.includes(stateOf(pid))),
    );
    if (!stopped.some((pid) => stateOf(pid) === 'T'))
      throw new NothingToBreak('no process to freeze');
    return body();
  });
}

/** The same for so many milliseconds. */
export const freeze = (pids: readonly number[], milliseconds: number): Promise<void> =>
  whileFrozen(pids, () => sleep(milliseconds));

function stop(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGSTOP');
  } catch {
    return false;
  }
}

/** As ps shows it. X: it has ended. */
export function stateOf(pid: number): string {
  try {
    return /^[0-9]+ \(.*\) (.)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? 'X';
  } catch {
    return 'X';
  }
}
