import type { MigrationStatus } from '../schema';

/** Who moves a migration from one status to another. */
export type Move = 'claim' | 'complete' | 'fail' | 'pause' | 'cancel' | 'resume' | 'retry';

interface Transition {
  readonly from: readonly MigrationStatus[];
  readonly to: MigrationStatus;
}

/**
 * The legal transitions, all of them. Each UPDATE of a status takes its `WHERE status IN (…)`
 * from here, so that what isn't listed can't happen, whoever comes at the same time.
 */
export const transitions: Readonly<Record<Move, Transition>> = {
  // An attempt begins. From in_progress too: the one before was interrupted, or is to be superseded.
  claim: { from: ['created', 'in_progress'], to: 'in_progress' },
  // Only the current attempt ends it well; it has to be running.
  complete: { from: ['in_progress'], to: 'completed' },
  // Likewise; a failure before run() (no such export, say) comes after the claim as well.
  fail: { from: ['in_progress'], to: 'failed' },
  // At once where no attempt runs, else when the running one has stopped. What has ended can't be paused.
  pause: { from: ['created', 'in_progress'], to: 'paused' },
  // Giving up is possible until it is completed: a failed one, too, to say that nobody will mend it.
  cancel: { from: ['created', 'in_progress', 'paused', 'failed'], to: 'cancelled' },
  // Back in the line. 'in_progress' would say that an attempt began; the next claim says so.
  resume: { from: ['paused'], to: 'created' },
  // Ended ones are run again only by an operator. (A completed one only from the start: `lrm retry --from-start`.)
  retry: { from: ['failed', 'cancelled', 'completed'], to: 'created' },
};

/** Statuses in which a migration is waiting for the next attempt, or running. */
export const pending: readonly MigrationStatus[] = ['created', 'in_progress'];
