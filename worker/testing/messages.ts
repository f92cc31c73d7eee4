import type { AttemptOutcome, MigrationStatus } from '../../drizzle/schema';

/** When the job's process is killed. Exactly one of them. */
export type KillAfter =
  /** When so many batches have been committed, or checkpoints saved. */
  | { readonly batches: number }
  /** When the job has reported so many rows. It reports ten times a second at most. */
  | { readonly rows: number }
  /** After so many milliseconds of run(). */
  | { readonly ms: number };

/** What became of a job. */
export interface TestedJob {
  /** 'completed', 'failed', or 'in_progress' after `maxAttempts`. */
  readonly status: MigrationStatus;
  /** Rows done, as `lrm status` shows them. */
  readonly rows: number;
  readonly attempts: readonly TestedAttempt[];
  /** The error of a job that failed, as operators see it; null when nothing is wrong. */
  readonly error: string | null;
}

/** One attempt of a job. */
export interface TestedAttempt {
  /** From 1. */
  readonly number: number;
  readonly outcome: AttemptOutcome | null;
  readonly error: string | null;
  /** Rows done by this attempt alone. */
  readonly rows: number;
}

/** From the test to its process. */
export interface TestInput {
  readonly job: string;
  readonly databaseUrl: string;
  /** Further databases by name. */
  readonly databases: Readonly<Record<string, string>>;
  readonly killAfter?: KillAfter | undefined;
  readonly jobs?: string | undefined;
  readonly target?: string | undefined;
  /** As JSON. */
  readonly input?: string | undefined;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly maxAttempts: number;
}

/** From the process to the test, once. */
export type TestMessage = { readonly result: TestedJob } | { readonly error: string };
