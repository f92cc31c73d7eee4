import type { JobContext, JobOptions } from './context/index';

/** A job: what its file exports as default, or one by one under these names. */
export interface Job {
  /**
   * Does the work. An attempt can be stopped anywhere, and the next one calls it from its beginning;
   * what walks and checkpoints have kept is not done again.
   * @throws anything: by type and code it is decided whether the migration is retried or has failed
   */
  readonly run: (job: JobContext) => unknown;
  /**
   * Undoes what run() has done, when an operator asks for it (`lrm revert`). It runs with the same
   * walks, limits and retries as run(). Run() may have done any part of the work, or all: so it must
   * undo only what it finds done. Default: the migration can't be reverted.
   * @example
   * async revert(job) {
   *   await job.inBatches(users, { key: users.id, where: isNotNull(users.emailLower) }, async (tx, batch) => {
   *     await tx.update(users).set({ emailLower: null }).where(batch);
   *   });
   * }
   */
  readonly revert?: (job: JobContext) => unknown;
  /** Names of migrations that have to be completed before this one begins. Default: none. */
  readonly dependsOn?: readonly string[];
  /** Limits of its attempts, where they differ from the settings. */
  readonly options?: JobOptions;
}

/**
 * Types a job's file.
 * @example
 * // jobs/0003_backfill_email_lower.ts
 * import { defineJob } from 'long-running-migrations';
 *
 * export default defineJob({
 *   options: { startToCloseTimeout: '6 hours' },
 *   async run(job) {
 *     await job.inBatches(users, { key: users.id }, async (tx, batch) => {
 *       await tx.update(users).set({ emailLower: sql`lower(${users.email})` }).where(batch);
 *     });
 *   },
 * });
 */
export const defineJob = (job: Job): Job => job;
