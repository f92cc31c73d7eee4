import type { MigrationStatus } from '../drizzle/schema';

/** What the workflow calls; it imports this as a type only. */
export interface Activities {
  listPendingMigrations(input: ListInput): Promise<Listing>;
  runMigration(input: RunMigrationInput): Promise<RunMigrationResult>;
}

export interface ListInput {
  /** Started by the run and not ended yet. */
  readonly running: readonly string[];
  /** How many of those hold a slot of their own (`lrm finalize`). */
  readonly extra: number;
  /** Not to be listed again in this run. */
  readonly skip: readonly string[];
  /** Look at these only, whatever the slots say (`lrm finalize`). */
  readonly only?: readonly string[];
}

export interface Listing {
  /** To be started now: no more than there are free slots, in order of registration. */
  readonly ready: readonly Ready[];
  readonly left: { readonly count: number; readonly first: readonly NotStarted[] };
  readonly overview: Overview;
  /** The workflow can't read the environment. */
  readonly settings: { readonly retryInitialInterval: number };
}

/** One to be started, with its own time limits in milliseconds. */
export interface Ready {
  readonly name: string;
  readonly startToCloseTimeout: number;
  readonly heartbeatTimeout: number;
}

/** One that isn't started, and why ('waits for 0001_a (in_progress)', 'no file …'). */
export interface NotStarted {
  readonly name: string;
  readonly reason: string;
}

/** What Current Details shows. */
export interface Overview {
  readonly counts: Partial<Record<MigrationStatus, number>>;
  /** Those that matter most, in order: unfinished ones, then what failed. */
  readonly rows: readonly OverviewRow[];
}

export interface OverviewRow {
  readonly name: string;
  readonly status: MigrationStatus;
  readonly attempts: number;
  readonly waitsFor: string | null;
  readonly error: string | null;
}

export interface RunMigrationInput {
  readonly name: string;
  /** False: no throttling (`lrm finalize`). */
  readonly throttled: boolean;
}

/** How an activity ended well. A migration that failed is an ApplicationFailure of type 'MigrationFailed'. */
export interface RunMigrationResult {
  readonly outcome: 'completed' | 'paused' | 'cancelled' | 'left';
  readonly reason?: string;
}
