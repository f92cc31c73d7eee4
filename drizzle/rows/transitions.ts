import type { MigrationStatus } from '../schema';

/** What moves a migration from one status to another. */
export type Move =
  | 'claim'
  | 'complete'
  | 'completeRevert'
  | 'fail'
  | 'pause'
  | 'cancel'
  | 'resume'
  | 'retry'
  | 'revert';

interface Transition {
  readonly from: readonly MigrationStatus[];
  readonly to: MigrationStatus;
}

/** Statuses in which a migration runs or waits for its next attempt. */
export const pending: readonly MigrationStatus[] = ['created', 'in_progress'];

/**
 * All legal transitions. Each UPDATE of a status takes its `WHERE status IN (…)` from here, so no
 * other transition can happen, even when several come at the same time.
 */
export const transitions: Readonly<Record<Move, Transition>> = {
  // An attempt begins. In in_progress it takes over from one that was interrupted or is superseded.
  claim: { from: pending, to: 'in_progress' },
  // Only the current attempt can complete the migration.
  complete: { from: ['in_progress'], to: 'completed' },
  // The same, of an attempt that ran revert().
  completeRevert: { from: ['in_progress'], to: 'reverted' },
  // The same. Failures before run(), such as a missing export, come after the claim too.
  fail: { from: ['in_progress'], to: 'failed' },
  // Happens at once, or when the running attempt has stopped. Ended migrations can't be paused.
  pause: { from: pending, to: 'paused' },
  // A failed migration can be cancelled too, to record that nobody will fix it.
  cancel: { from: [...pending, 'paused', 'failed'], to: 'cancelled' },
  // Not to in_progress, which would mean that an attempt has begun.
  resume: { from: ['paused'], to: 'created' },
  // Only an operator runs an ended migration again. A completed one needs `lrm retry --from-start`.
  retry: { from: ['failed', 'cancelled', 'completed', 'reverted'], to: 'created' },
  // Not from created and in_progress: an operator pauses it first, and sees how far it has come.
  revert: { from: ['completed', 'failed', 'cancelled', 'paused'], to: 'created' },
};
