import type { Progress } from '../context/attempt';
import type { Description } from './describeError';
import type { JobProcess, JobProcessEnd } from './jobProcess';
import type { During, FromJobProcess, LogLevel, StopReason } from './messages';

/** How a thread ended by itself. */
export type JobEnd =
  | { readonly kind: 'returned'; readonly stopped: boolean; readonly usedDatabase: boolean }
  | {
      readonly kind: 'failed';
      readonly during: During;
      readonly error: Description;
      /** For the worker's log alone: it may hold rows' values. */
      readonly detail?: string | undefined;
    }
  /** process.exit(), or out of memory before anything could be said. */
  | { readonly kind: 'exited'; readonly code: number }
  /** Its job process ended under it. */
  | { readonly kind: 'crashed'; readonly jobProcess: JobProcessEnd };

/** What a running thread tells meanwhile. */
export interface JobListener {
  running(): void;
  progress(progress: Progress): void;
  progressed(): void;
  log(level: LogLevel, message: string, fields: Record<string, unknown>): void;
  /** Whether the attempt is still the current one; asked for each new database session. */
  isCurrent(): Promise<boolean>;
}

/** Between two questions to a database that doesn't answer. Milliseconds. */
const ASK_AGAIN = 500;

/** The thread in which one attempt's run() executes. */
export class RunningJob {
  /** Settled once, by whatever ends it first. */
  readonly ended: Promise<JobEnd>;
  private over = false;

  /** @param jobProcess begun with the attempt just now */
  constructor(
    private readonly jobProcess: JobProcess,
    private readonly listener: JobListener,
  ) {
    this.ended = new Promise((resolve) => {
      jobProcess.onMessage((message) => this.hear(message, resolve));
      void jobProcess.ended.then((end) => resolve({ kind: 'crashed', jobProcess: end }));
    });
  }

  /** Aborts the job's signal. */
  askToStop(reason: StopReason): void {
    this.jobProcess.send({ type: 'stop', reason });
  }

  /** To be called with each heartbeat: a thread whose worker is frozen must end. */
  beat(): void {
    this.jobProcess.send({ type: 'alive' });
  }

  /** Ends the thread whatever it does; false when the system didn't let it end. */
  terminate(): Promise<boolean> {
    this.over = true;
    return this.jobProcess.end();
  }

  private hear(message: FromJobProcess, end: (end: JobEnd) => void): void {
    const { listener } = this;
    if (message.type === 'returned') {
      const { stopped, usedDatabase } = message;
      end({ kind: 'returned', stopped, usedDatabase });
    }
    if (message.type === 'failed') {
      const { during, error, detail } = message;
      end({ kind: 'failed', during, error, detail });
    }
    if (message.type === 'exited') end({ kind: 'exited', code: message.code });
    if (message.type === 'running') listener.running();
    if (message.type === 'progress') listener.progress(message.progress);
    if (message.type === 'progressed') listener.progressed();
    if (message.type === 'log') listener.log(message.level, message.message, message.fields);
    if (message.type === 'session') void this.answerSession();
  }

  /** Lets a new session go on; one of a superseded attempt waits until its thread is ended. */
  private async answerSession(): Promise<void> {
    while (!this.over) {
      const current = await this.listener.isCurrent().catch(() => undefined);
      if (current === false) return;
      if (current) return this.jobProcess.send({ type: 'sessionAllowed' });
      // The database does not answer: asked again until it does, or the attempt is over.
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
    }
  }
}
