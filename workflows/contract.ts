import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { NotStarted } from '../activities/contract';

/** Workflow ID of the run, and task queue. */
export const WORKFLOW_ID = 'long-running-migrations';

/** At most this many names in a result: payloads stay small, however many migrations there are. */
export const NAMES_AT_MOST = 100;

/** As many migrations can be wanted at once (`lrm finalize`): each is kept until it is started. */
export const FINALIZE_AT_MOST = 1_000;

/** Type of the ApplicationFailure that a run ends with when migrations failed; details: its {@link RunResult}. */
export const MIGRATIONS_FAILED = 'MigrationsFailed';

/** What of a group of migrations is told: all are counted, the first are named. */
export interface Group {
  readonly count: number;
  readonly names: readonly string[];
}

/** The result of a run. */
export interface RunResult {
  readonly completed: Group;
  readonly failed: Group;
  /** Stopped by an operator while running: paused or cancelled. */
  readonly stopped: Group;
  readonly left: { readonly count: number; readonly first: readonly NotStarted[] };
}

/** What a run has been handed by the one it continues. */
export interface Carried {
  readonly result: RunResult | undefined;
  /** Migrations an operator wants done now, in slots of their own. */
  readonly finalize: readonly Finalize[];
  /** Left by a worker without their code: not tried again before the next run. */
  readonly skip: readonly NotStarted[];
}

/** What `lrm finalize` asks: run it now, in an extra slot. */
export interface Finalize {
  readonly name: string;
  /** True keeps the job's throttling. */
  readonly throttled: boolean;
}

/** Runs these now, beside whatever runs. Send it with signalWithStart. */
export const finalizeSignal = defineSignal<[Finalize[]]>('finalizeMigrations');

/** What an attempt says when it begins, so that no listing is needed for it. */
export interface AttemptBegan {
  /** The migration's name. */
  readonly began: string;
  readonly attempt: number;
}

/** A row changed: list again, renew Current Details. With {@link AttemptBegan}: only renew them. */
export const statusChangedSignal = defineSignal<[AttemptBegan?]>('statusChanged');

/** A tick came while the run goes on: also look again at what workers without its code gave back. */
export const tickSignal = defineSignal('tick');

/** What runs now, what is left, what has ended: the same as in Current Details. */
export const stateQuery = defineQuery<RunState>('runState');

export interface RunState extends RunResult {
  readonly running: readonly string[];
  /** Inputs and signals that could not be used. */
  readonly ignored: readonly string[];
}
