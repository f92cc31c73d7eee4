import type { FailedBatch } from '../../drizzle/schema';
import type { Progress } from '../context/attempt';
import type { BatchNews } from '../context/batchTimes';
import type { Description } from './describeError';
import type { JobProcessEnd, StartedJob } from './jobProcess';
import type { During, FromJobProcess, LogLevel, StopReason } from './messages';

/** How a job thread ended by itself. */
export type JobEnd =
  | { readonly kind: 'returned'; readonly stopped: boolean; readonly usedDatabase: boolean }
  | {
      readonly kind: 'failed';
      readonly during: During;
      readonly error: Description;
      /** The batch that it comes from. Its keys may only be stored in our tables. */
      readonly batch?: FailedBatch | undefined;
      /** Only for the worker's log: it may hold row values. */
      readonly detail?: string | undefined;
    }
  /** It was to run only where there is nothing to do, and has found a row. */
  | { readonly kind: 'hasRows'; readonly over: string }
  /** The thread called process.exit(), or ran out of memory before it could send an error. */
  | { readonly kind: 'exited'; readonly code: number }
  /** Its job process ended. */
  | { readonly kind: 'crashed'; readonly jobProcess: JobProcessEnd };

/** Receives the events of a running job. */
export interface JobListener {
  running(): void;
  progress(progress: Progress): void;
  batches(news: BatchNews): void;
  progressed(): void;
  log(level: LogLevel, message: string, fields: Record<string, unknown>): void;
  /**
   * Whether the attempt is still the current one. Called for each new database session.
   * @param database the name of the further database that it is in, as the job's thread says
   */
  isCurrent(database: string | undefined): Promise<boolean>;
}

/** Wait between two queries while the database doesn't answer. Milliseconds. */
const ASK_AGAIN = 500;

/** The thread in which one attempt's run() executes. */
export class RunningJob {
  /** Resolves with the first event that ends the job. */
  readonly ended: Promise<JobEnd>;
  private over = false;

  /** @param jobProcess has just been started with the attempt */
  constructor(
    private readonly jobProcess: StartedJob,
    private readonly listener: JobListener,
  ) {
    this.ended = new Promise((resolve) => {
      jobProcess.onMessage((message) => this.receive(message, resolve));
      void jobProcess.ended.then((end) => resolve({ kind: 'crashed', jobProcess: end }));
    });
  }

  /** Aborts the job's signal. */
  askToStop(reason: StopReason): void {
    this.jobProcess.send({ type: 'stop', reason });
  }

  /** Call it with each heartbeat. When the calls stop, the worker is frozen, and the job ends. */
  beat(): void {
    this.jobProcess.send({ type: 'alive' });
  }

  /** Kills the job; false when its process has not ended. */
  terminate(): Promise<boolean> {
    this.over = true;
    return this.jobProcess.end();
  }

  private receive(message: FromJobProcess, end: (end: JobEnd) => void): void {
    const { listener } = this;
    if (message.type === 'returned') {
      const { stopped, usedDatabase } = message;
      end({ kind: 'returned', stopped, usedDatabase });
    }
    if (message.type === 'failed') {
      const { during, error, batch, detail } = message;
      end({ kind: 'failed', during, error, batch, detail });
    }
    if (message.type === 'hasRows') end({ kind: 'hasRows', over: message.over });
    if (message.type === 'exited') end({ kind: 'exited', code: message.code });
    if (message.type === 'running') listener.running();
    if (message.type === 'progress') {
      listener.progress(message.progress);
      if (message.batches) listener.batches(message.batches);
    }
    if (message.type === 'progressed') listener.progressed();
    if (message.type === 'log') listener.log(message.level, message.message, message.fields);
    if (message.type === 'session') void this.answerSession(message.database);
  }

  /** Allows a new session. A session of a superseded attempt waits until its thread is ended. */
  private async answerSession(database: string | undefined): Promise<void> {
    while (!this.over) {
      const current = await this.listener.isCurrent(database).catch(() => undefined);
      if (current === false) return;
      if (current) return this.jobProcess.send({ type: 'sessionAllowed' });
      // The database does not answer: repeat until it does, or until the attempt has ended.
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
    }
  }
}
