import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { NotStarted } from '../activities/contract';

/** Workflow ID of the run, and its task queue. */
export const WORKFLOW_ID = 'long-running-migrations';

/** Names in a group. Keeps payloads small, however many migrations there are. */
export const NAMES_AT_MOST = 100;

/** Migrations that `lrm finalize` can ask for at once. The run keeps each until it is started. */
export const FINALIZE_AT_MOST = 1_000;

/** Type of the ApplicationFailure of a run in which migrations failed. Details: its {@link RunResult}. */
export const MIGRATIONS_FAILED = 'MigrationsFailed';

/** A group's full count and its first names. */
export interface Group {
  readonly count: number;
  readonly names: readonly string[];
}

/** The result of a run. */
export interface RunResult {
  readonly completed: Group;
  readonly failed: Group;
  /** Missing when there are none. */
  readonly reverted?: Group;
  /** Paused or cancelled by an operator while they ran. */
  readonly stopped: Group;
  /** Not started, with the reason. */
  readonly left: { readonly count: number; readonly first: readonly NotStarted[] };
}

/** What a run that continues as new hands over to the next. */
export interface Carried {
  readonly result: RunResult | undefined;
  /** What `lrm finalize` asked for and the run has not completed. */
  readonly finalize: readonly Finalize[];
  /** Returned by workers without their code. Not tried again before the next tick. */
  readonly skip: readonly NotStarted[];
}

/** A request of `lrm finalize`: run this migration now, in an extra slot. */
export interface Finalize {
  readonly name: string;
  /** True keeps the job's throttling. */
  readonly throttled: boolean;
}

/** Runs these now, in addition to what runs. Send it with signalWithStart. */
export const finalizeSignal = defineSignal<[Finalize[]]>('finalizeMigrations');

/** Sent by an attempt when it begins, so that the run needs no listing. */
export interface AttemptBegan {
  /** The migration's name. */
  readonly began: string;
  readonly attempt: number;
}

/** A row changed: list again, update Current Details. With {@link AttemptBegan}: only update them. */
export const statusChangedSignal = defineSignal<[AttemptBegan?]>('statusChanged');

/** A tick came while the run is going: list again, and retry what workers without its code returned. */
export const tickSignal = defineSignal('tick');

/** What runs now, what was not started, what has ended: the same as in Current Details. */
export const stateQuery = defineQuery<RunState>('runState');

export interface RunState extends RunResult {
  readonly running: readonly string[];
  /** Inputs and signals that could not be used. */
  readonly ignored: readonly string[];
}
