import type { FencedAttempt } from '../../drizzle/rows/fence';
import type { Settings } from '../../settings/settings';
import type { Progress } from '../context/attempt';
import type { JobOptions } from '../context/index';
import type { Description } from './describeError';

/** What a thread is to do. */
export type ThreadInput = InspectInput | RunInput;

/** LRM_ERROR_DETAIL of the worker. With 'safe', the whole of an error never leaves the job process. */
export type ErrorDetail = Settings['LRM_ERROR_DETAIL'];

/** Load the job only, and tell what it says of itself. */
export interface InspectInput {
  readonly task: 'inspect';
  readonly file: string;
  readonly errorDetail: ErrorDetail;
}

/** Load the job and run it. */
export interface RunInput {
  readonly task: 'run';
  readonly file: string;
  readonly databaseUrl: string;
  /** Its ID as text: messages are JSON, which has no bigint. */
  readonly attempt: Omit<FencedAttempt, 'id'> & { readonly id: string };
  /** Of the checkpoint that was stored at the claim. */
  readonly checkpointVersion: number;
  /** No throttling (`lrm finalize`). */
  readonly unthrottled: boolean;
  /** The attempt's own time limit: no statement may outlive it. Milliseconds. */
  readonly limitMs: number;
  /** A worker silent for so long is frozen, and its jobs end. Milliseconds. */
  readonly silentMs: number;
  readonly errorDetail: ErrorDetail;
}

/** What a job says of itself. */
export interface JobFacts {
  readonly options: JobOptions;
  readonly dependsOn: readonly string[];
}

/** Why an attempt is asked to stop. Each decides how it is counted and what comes next. */
export type StopReason =
  | 'time limit'
  | 'operator pause'
  | 'operator cancel'
  | 'paused in Temporal'
  | 'reset in Temporal'
  | 'run cancelled'
  | 'worker shutdown'
  /** Its run was terminated, or Temporal took it for timed out. */
  | 'lost by Temporal'
  | 'superseded';

export type ToThread = { readonly type: 'stop'; readonly reason: StopReason };

/** From the worker to the process around a thread. */
export type ToJobProcess =
  | { readonly type: 'begin'; readonly input: ThreadInput }
  | ToThread
  /** The attempt is still the current one: its new session may go on. */
  | { readonly type: 'sessionAllowed' }
  | { readonly type: 'alive' };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type FromThread =
  | { readonly type: 'facts'; readonly facts: JobFacts }
  | { readonly type: 'running' }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'progressed' }
  | {
      readonly type: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Record<string, unknown>;
    }
  /** A new session waits until it is known that the attempt is still the current one. */
  | { readonly type: 'session' }
  /**
   * run() returned; `stopped`: after it had been asked to stop, so perhaps with work left;
   * `usedDatabase`: it has opened a session.
   */
  | { readonly type: 'returned'; readonly stopped: boolean; readonly usedDatabase: boolean }
  | {
      readonly type: 'failed';
      readonly during: During;
      readonly error: Description;
      /** The whole error, only for LRM_ERROR_DETAIL=full: it may hold row values, see detailOf(). */
      readonly detail?: string | undefined;
    };

/** From that process to the worker: what the thread says, and its end. */
export type FromJobProcess =
  | FromThread
  /** process.exit(), or out of memory before anything could be said. */
  | { readonly type: 'exited'; readonly code: number };

/** Where it was thrown. */
export type During = 'load' | 'run' | 'elsewhere';
