import type { Progress } from '../context/attempt';
import type { JobOptions } from '../context/index';
import type { Description } from './describe';

/** What a thread is started with. */
export type ThreadInput = InspectInput | RunInput;

/** Load the job only, and tell what it says of itself. */
export interface InspectInput {
  readonly task: 'inspect';
  readonly file: string;
}

/** Load the job and run it. */
export interface RunInput {
  readonly task: 'run';
  readonly file: string;
  readonly databaseUrl: string;
  readonly migration: string;
  readonly attemptId: bigint;
  readonly number: number;
  /** No throttling (`lrm finalize`). */
  readonly unthrottled: boolean;
  /** The attempt's own time limit: no statement may outlive it. Milliseconds. */
  readonly limitMs: number;
  /** 0 while a new session waits for leave, 1 when it has it; see session.ts. */
  readonly gate: SharedArrayBuffer;
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
  /** run() returned; `stopped`: after it had been asked to stop, so perhaps with work left. */
  | { readonly type: 'returned'; readonly stopped: boolean }
  | { readonly type: 'failed'; readonly during: During; readonly error: Description };

/** Where it was thrown. */
export type During = 'load' | 'run' | 'elsewhere';
