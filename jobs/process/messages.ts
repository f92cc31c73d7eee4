import type { Dependency } from '../../drizzle/rows/dependencies';
import type { FencedAttempt } from '../../drizzle/rows/fence';
import type { Origin } from '../../drizzle/rows/visit';
import type { Direction, FailedBatch } from '../../drizzle/schema';
import type { DatabaseUrls } from '../../settings/databases';
import type { Settings } from '../../settings/settings';
import type { Progress } from '../context/attempt';
import type { BatchNews } from '../context/batchTimes';
import type { DryBatch } from '../context/dryRun';
import type { JobOptions } from '../context/index';
import type { Description } from './describeError';
import type { InputProblem } from './inputProblem';

export type { Dependency } from '../../drizzle/rows/dependencies';

/** The task of a job thread. */
export type ThreadInput = InspectInput | CheckInputsInput | ReadyInput | RunInput;

/** LRM_ERROR_DETAIL of the worker. With 'safe', the whole of an error never leaves the job process. */
export type ErrorDetail = Settings['LRM_ERROR_DETAIL'];

/** Load the job and send its options and dependencies. */
export interface InspectInput {
  readonly task: 'inspect';
  readonly file: string;
  readonly errorDetail: ErrorDetail;
}

/** Load the job and validate these inputs by the schema that it exports. */
export interface CheckInputsInput {
  readonly task: 'checkInputs';
  readonly file: string;
  readonly errorDetail: ErrorDetail;
  /** Null: registered without an input. */
  readonly inputs: readonly (GivenInput | null)[];
}

/** What a migration was registered with: any JSON, also null. */
export interface GivenInput {
  readonly value: unknown;
}

/** Load the job and ask its ready(). */
export interface ReadyInput {
  readonly task: 'ready';
  readonly file: string;
  readonly databaseUrl: string;
  /** For URLs without one, PGPASSWORD: it is not in the job process's environment. */
  readonly password?: string | undefined;
  readonly migration: string;
  /** Undefined: registered without an input. */
  readonly input?: GivenInput | undefined;
  /** For each statement. Milliseconds. */
  readonly limitMs: number;
  readonly errorDetail: ErrorDetail;
}

/** Load the job and call its run() or revert(). */
export interface RunInput {
  readonly task: 'run';
  readonly file: string;
  readonly databaseUrl: string;
  /** For URLs without one, PGPASSWORD: it is not in the job process's environment. */
  readonly password?: string | undefined;
  /** Only where jobs have a role of their own: what its sessions prove the attempt by. */
  readonly ownRole?: OwnRole | undefined;
  /** URLs of further databases by name, for job.database() and the option `database` of walks. */
  readonly databases: DatabaseUrls;
  /** Who the migration is there. */
  readonly origin: Origin;
  /** With its ID as text: messages are JSON, which has no bigint. */
  readonly attempt: Omit<FencedAttempt, 'id'> & { readonly id: string };
  /** Undefined: registered without an input. */
  readonly input: GivenInput | undefined;
  /** Whether to call run() or revert(). */
  readonly direction: Direction;
  /** Only of `lrm dry-run`: nothing is claimed, and all transactions are rolled back. */
  readonly dry?: DryRunInput;
  /** Version of the checkpoint that was stored at the claim. */
  readonly checkpointVersion: number;
  /** True for `lrm finalize`: the job runs without throttling. */
  readonly unthrottled: boolean;
  /** True: the attempt ends with `hasRows` at the first row to do. */
  readonly onlyIfEmpty: boolean;
  /** The attempt's own time limit, also for each statement. Milliseconds. */
  readonly limitMs: number;
  /** When the worker sends nothing for this time, it is frozen and its jobs end. Milliseconds. */
  readonly silentMs: number;
  readonly errorDetail: ErrorDetail;
  /** Whether it sends batches for a trace. Left out: it does not. */
  readonly traces?: boolean;
}

/** See drizzle/rights/jobViews.ts. */
export interface OwnRole {
  /** The epoch of the claim. That of `attempt` is what its statements may show, see publicEpoch(). */
  readonly epoch: string;
}

/** How a dry run ends. */
export interface DryRunInput {
  /** After this many batches. */
  readonly batches: number;
  /** Whether it may do what can't be rolled back. */
  readonly sideEffects: boolean;
}

/** A big table that a statement of a dry run reads from end to end. */
export interface Scan {
  readonly table: string;
  readonly bytes: number;
  /** The beginning of the statement's text, without its parameters. */
  readonly statement: string;
}

export type DryNews =
  | { readonly kind: 'batch'; readonly batch: DryBatch }
  | { readonly kind: 'scan'; readonly scan: Scan }
  /** The last batch is over. */
  | { readonly kind: 'enough' }
  /** It would have to do what can't be rolled back. */
  | { readonly kind: 'refused'; readonly what: string };

/** What a job exports besides its functions. */
export interface JobFacts {
  readonly options: JobOptions;
  readonly dependsOn: readonly Dependency[];
  /** Whether it exports ready(). */
  readonly ready: boolean;
  /** Whether it exports revert(). */
  readonly reverts: boolean;
}

/** Why an attempt is asked to stop. The reason decides how it counts and what happens next. */
export type StopReason =
  | 'time limit'
  | 'operator pause'
  | 'operator cancel'
  | 'paused in Temporal'
  | 'reset in Temporal'
  | 'run cancelled'
  | 'worker shutdown'
  /** Its run was terminated, or Temporal counts it as timed out. */
  | 'lost by Temporal'
  | 'superseded';

export type ToThread = { readonly type: 'stop'; readonly reason: StopReason };

/** For a spare job process: load what a job of this kind needs besides. The job itself is not loaded. */
export interface Prepare {
  readonly type: 'prepare';
  /** The file of a job. */
  readonly like: string;
}

/** Messages from the worker to the job process. */
export type ToJobProcess =
  | { readonly type: 'begin'; readonly input: ThreadInput }
  | ToThread
  | Prepare
  /** The attempt is still the current one: its new session may be used. */
  | { readonly type: 'sessionAllowed' }
  | { readonly type: 'alive' }
  /** The attempt is over: end its thread, and start one for another attempt, see Leftovers. */
  | { readonly type: 'renew' };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The first message of a thread that was to fill the code store. Null: it could not. */
export interface ToStore {
  readonly type: 'store';
  readonly bytes: Uint8Array | null;
}

/** A line for the log: of `job.log`, or one that the job has printed, whose field `stream` says where. */
export interface LogMessage {
  readonly type: 'log';
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Record<string, unknown>;
  /** Printed while the thread had no task: it is of no job. */
  readonly early?: true | undefined;
}

/** Messages about the job. */
export type FromJob =
  | { readonly type: 'facts'; readonly facts: JobFacts }
  /** Of each input its problems, in the same order. */
  | { readonly type: 'inputsChecked'; readonly problems: readonly (readonly InputProblem[])[] }
  /** What ready() returned: why to wait; null when the job may begin. */
  | { readonly type: 'answer'; readonly reason: string | null }
  | { readonly type: 'running' }
  | {
      readonly type: 'progress';
      readonly progress: Progress;
      /** What batches have been since the last one. Left out: none was. */
      readonly batches?: BatchNews | undefined;
    }
  | { readonly type: 'progressed' }
  | LogMessage
  /** Only for `onlyIfEmpty`: a walk has found a row to do, and waits for the end of its process. */
  | { readonly type: 'hasRows'; readonly over: string }
  /** Only of a dry run. */
  | { readonly type: 'dry'; readonly news: DryNews }
  /** A new session waits for `sessionAllowed`. */
  | {
      readonly type: 'session';
      /** The name of the further database that it is in. Undefined: the main one. */
      readonly database?: string;
    }
  /**
   * run() returned. `stopped`: it had been asked to stop, so work may be left. `usedDatabase`: it
   * has opened a session.
   */
  | { readonly type: 'returned'; readonly stopped: boolean; readonly usedDatabase: boolean }
  | {
      readonly type: 'failed';
      readonly during: During;
      readonly error: Description;
      /** The batch that it comes from. Its keys may only be stored in our tables. */
      readonly batch?: FailedBatch | undefined;
      /** The whole error, only for LRM_ERROR_DETAIL=full: it may hold row values, see detailOf(). */
      readonly detail?: string | undefined;
    };

export type FromThread = ToStore | FromJob;

/** Messages from the job process to the worker: those of its thread, and the thread's end. */
export type FromJobProcess =
  | FromJob
  /** The code store is written. Null: it could not be. */
  | { readonly type: 'stored'; readonly sum: string | null }
  /** The attempt's thread has ended, and nothing of it is left. */
  | { readonly type: 'renewed' }
  /** The thread called process.exit(), or ran out of memory before it could send an error. */
  | { readonly type: 'exited'; readonly code: number };

/** When the error was thrown. */
export type During = 'load' | 'run' | 'verify' | 'elsewhere';
