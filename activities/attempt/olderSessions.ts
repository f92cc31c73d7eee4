import { setTimeout as sleep } from 'node:timers/promises';
import type { Claimed } from '../../drizzle/rows/claim';
import { endSessions } from '../../drizzle/rows/sessions';
import type { Deps } from '../deps';
import { waitsForSessions } from './claimInTurn';
import type { AttemptProgress } from './progress';
import type { StopTimer } from './stopTimer';

/** Between two looks at sessions that cannot be ended. Milliseconds. */
const LOOK_EVERY = 1_000;

/**
 * Waits until the sessions of older attempts are gone, since their statements would run beside this
 * attempt's. The log and the row say what is waited for.
 */
export async function olderSessionsGone(
  deps: Deps,
  claimed: Claimed,
  progress: AttemptProgress,
  stop: StopTimer,
): Promise<void> {
  const { migration } = claimed.attempt;
  let { open } = claimed;
  if (open.length === 0) return;
  deps.log.warn({ migration }, `${migration} ${waitsForSessions(open)}`);
  while (open.length > 0 && !stop.reason) {
    progress.update({ waitingFor: waitsForSessions(open) });
    await sleep(LOOK_EVERY);
    // When the database does not answer, it is asked again.
    open = await endSessions(deps.db, claimed.older).catch(() => open);
  }
  progress.update({ waitingFor: null });
}
