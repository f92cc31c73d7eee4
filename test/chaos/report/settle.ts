import { waitFor } from '../../support/waitFor';
import type { OwnChaosSet } from '../set/openSet';

/** From the last fault to the completion of the last migration. Milliseconds. */
const SETTLES_WITHIN = 300_000;

/**
 * Makes all whole again, lets go on what operators have stopped, and waits until nothing is left to do.
 * @returns what is left at the deadline; undefined: nothing
 */
export async function settle(set: OwnChaosSet): Promise<string | undefined> {
  for (const slot of set.workers) {
    slot.postgres.mend();
    slot.temporal.mend();
    await slot.start();
  }
  const letGoOn = new Set<string>();
  let left: readonly { name: string; status: string }[] = [];
  try {
    await waitFor(
      'all migrations to end',
      async () => {
        left = await set.postgres.sql<{ name: string; status: string }[]>`
          select name, status::text from long_running_migrations.migrations
          where status not in ('completed', 'failed')`;
        for (const { name, status } of left) {
          if (letGoOn.has(name) || (status !== 'paused' && status !== 'cancelled')) continue;
          letGoOn.add(name);
          await set.lrm(1, status === 'paused' ? 'resume' : 'retry', name);
        }
        return left.length === 0;
      },
      SETTLES_WITHIN,
    );
    return undefined;
  } catch (error) {
    set.timeline.event('run', `not settled: ${(error as Error).message}`);
    return left.map(({ name, status }) => `${name} is ${status}`).join(', ');
  }
}
