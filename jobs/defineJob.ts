import type { JobContext, JobOptions } from './context/index';
import type { OutputOf, StandardSchema } from './standardSchema';

/**
 * A job: what its file exports as default, or one by one under these names.
 * @typeParam Schema of `job.input`; without one it is unknown
 */
export interface Job<Schema extends StandardSchema = StandardSchema> {
  /**
   * Does the work. An attempt can be stopped anywhere, and the next one calls it from its beginning;
   * what walks and checkpoints have kept is not done again.
   * @throws anything: by type and code it is decided whether the migration is retried or has failed
   */
  readonly run: (job: JobContext<OutputOf<Schema>>) => unknown;
  /**
   * Names of migrations that have to be completed before this one begins. One without a target stands
   * for all targets that are registered of its file. Default: none.
   */
  readonly dependsOn?: readonly string[];
  /** Limits of its attempts, where they differ from the settings. */
  readonly options?: JobOptions;
  /**
   * A Standard Schema (zod, valibot, arktype) of what the migration is registered with. It is checked
   * by `lrm register` and at the start of each attempt, and types `job.input`. Default: anything.
   */
  readonly input?: Schema;
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
 * @example
 * export default defineJob({
 *   input: z.object({ days: z.number().int().positive() }),
 *   async run(job) {
 *     job.log.info(`keeps ${job.input.days} days`);
 *   },
 * });
 */
export const defineJob = <Schema extends StandardSchema = StandardSchema>(
  job: Job<Schema>,
): Job<Schema> => job;
