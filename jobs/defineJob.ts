import type { MigrationStatus } from '../drizzle/schema';
import type { JobContext, JobOptions, ReadyContext, VerifyContext } from './context/index';
import type { OutputOf, StandardSchema } from './standardSchema';

/** How many rows are not done. Nothing is 0. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without `return` is meant
type Count = number | bigint | undefined | void;
/** Why to wait. Nothing: begin. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without `return` is meant
type Reason = string | null | undefined | void;

/** A migration that another one waits for. */
export interface DependsOn {
  readonly name: string;
  /** Statuses that are as good as `completed`. Default: none. */
  readonly or?: readonly Extract<MigrationStatus, 'failed' | 'cancelled'>[];
}

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
   * Called when run() has returned and all its walks are complete, in the same attempt. The migration
   * is completed only when it returns nothing or 0. It only looks: walks and saveCheckpoint() are
   * refused. It is called again by each later attempt whose run() returns.
   * @returns how many rows are not done; above 0 the migration has failed
   * @throws anything: the migration has failed with it, unless a retry may help (a lost connection, a
   *   timeout)
   * @example
   * async verify(job) {
   *   return job.db.$count(users, isNull(users.emailLower));
   * }
   */
  readonly verify?: (job: VerifyContext<OutputOf<Schema>>) => Count | PromiseLike<Count>;
  /**
   * Asked before each attempt, which does not count or begin while this returns a reason. Its database
   * sessions are read-only. It is asked again by each tick of the Schedule and each `lrm run`. An error
   * is a reason to wait, too, and so is no answer within ten seconds.
   * @returns a reason to wait, which operators see (no values of rows); nothing: begin
   * @example
   * async ready(job) {
   *   const [old] = await job.sql`select from application_versions where version < 12 limit 1`;
   *   return old && 'a version before 12 is still running';
   * }
   */
  readonly ready?: (job: ReadyContext<OutputOf<Schema>>) => Reason | PromiseLike<Reason>;
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
  readonly revert?: (job: JobContext<OutputOf<Schema>>) => unknown;
  /**
   * Migrations that have to be completed before this one begins: names, or names with statuses that
   * are as good (`{ name: '0001_a', or: ['failed', 'cancelled'] }`). A name without a target stands
   * for all targets that are registered of its file. Default: none.
   */
  readonly dependsOn?: readonly (string | DependsOn)[];
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
