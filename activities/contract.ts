import type { Direction, MigrationStatus } from '../drizzle/schema';

/** What the workflow calls. It imports only the types. */
export interface Activities {
  listPendingMigrations(input: ListInput): Promise<Listing>;
  runMigration(input: RunMigrationInput): Promise<RunMigrationResult>;
}

export interface ListInput {
  /** Migrations that the run has started and that have not ended. */
  readonly running: readonly string[];
  /** How many of those use a slot outside of LRM_MAX_CONCURRENT (`lrm finalize`). */
  readonly extra: number;
  /** Migrations that this run must not start again. */
  readonly skip: readonly string[];
  /** Lists only these, even when no slot is free (`lrm finalize`). */
  readonly only?: readonly string[];
  /**
   * True for the first listing of a run, after a tick and for `lrm finalize`: each `ready()` is asked
   * again. Otherwise an answer that is less than a minute old will do.
   */
  readonly askAgain?: boolean;
}

export interface Listing {
  /** Migrations to start now, in order of registration: not more than there are free slots. */
  readonly ready: readonly Ready[];
  /** Migrations that are not started: the full count and the first ones. */
  readonly left: { readonly count: number; readonly first: readonly NotStarted[] };
  readonly overview: Overview;
  /** `installations.id` of the database that was listed. Missing from older workers. */
  readonly installation?: string;
  /** Passed on because the workflow cannot read the environment. */
  readonly settings: { readonly retryInitialInterval: number };
}

/** A migration to start, with its own timeouts in milliseconds. */
export interface Ready {
  readonly name: string;
  readonly startToCloseTimeout: number;
  readonly heartbeatTimeout: number;
  /** True: it is to be reverted. The claim decides again. */
  readonly revert?: boolean;
}

/** A migration that is not started, and why ('waits for 0001_a (in_progress)', 'no file …'). */
export interface NotStarted {
  readonly name: string;
  readonly reason: string;
}

/** What Current Details shows. */
export interface Overview {
  readonly counts: Partial<Record<MigrationStatus, number>>;
  /** How many of the completed ones have skipped rows. Missing from older workers. */
  readonly completedWithSkipped?: number;
  /** The most important migrations first: running, failed, paused, waiting, completed. */
  readonly rows: readonly OverviewRow[];
}

export interface OverviewRow {
  readonly name: string;
  readonly status: MigrationStatus;
  /** Missing in listings of older workers, which know only run(). */
  readonly direction?: Direction;
  readonly attempts: number;
  readonly waitsFor: string | null;
  readonly error: string | null;
  /** Rows that were skipped. Missing from older workers. */
  readonly skipped?: number;
}

export interface RunMigrationInput {
  readonly name: string;
  /** False for `lrm finalize`, which runs at full speed. */
  readonly throttled: boolean;
  /** The database of the listing that started it, if that listing has said so. */
  readonly installation?: string;
  /** True for `lrm migrate --complete-on-empty`: the attempt ends at the first row to do. */
  readonly onlyIfEmpty?: boolean;
  /** True for runJob() of an author's tests: neither `dependsOn` nor `ready()` is looked at. */
  readonly regardless?: boolean;
}

/** The result of an activity that did not fail. A migration that failed is an ApplicationFailure of type 'MigrationFailed'. */
export interface RunMigrationResult {
  readonly outcome: 'completed' | 'reverted' | 'paused' | 'cancelled' | 'left';
  readonly reason?: string;
  /** With 'completed': rows that were skipped, if any. */
  readonly skipped?: number;
}
