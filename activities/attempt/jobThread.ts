import type { Worker } from 'node:worker_threads';
import type { Progress } from '../../jobs/context/attempt';
import { type Description, describe } from '../../jobs/thread/describe';
import type {
  During,
  FromThread,
  LogLevel,
  RunInput,
  StopReason,
  ToThread,
} from '../../jobs/thread/messages';

/** How a thread ended by itself. */
export type ThreadEnd =
  | { readonly kind: 'returned'; readonly stopped: boolean }
  | { readonly kind: 'failed'; readonly during: During; readonly error: Description }
  /** process.exit(), or out of memory before anything could be said. */
  | { readonly kind: 'exited'; readonly code: number };

/** What a running thread tells meanwhile. */
export interface ThreadListener {
  running(): void;
  progress(progress: Progress): void;
  progressed(): void;
  log(level: LogLevel, message: string, fields: Record<string, unknown>): void;
  /** Whether the attempt is still the current one; asked for each new database session. */
  isCurrent(): Promise<boolean>;
}

/** A thread blocked in a native call (execSync, a sync file lock) may not end: so long it is waited for. */
export const TERMINATE_WITHIN = 5_000;

/** The thread in which one attempt's run() executes. */
export class JobThread {
  /** Settled once, by whatever ends it first. */
  readonly ended: Promise<ThreadEnd>;
  private readonly exited: Promise<void>;

  /** @param thread started with `input` just now */
  constructor(
    private readonly thread: Worker,
    private readonly input: RunInput,
    private readonly listener: ThreadListener,
  ) {
    this.exited = new Promise((resolve) => this.thread.once('exit', () => resolve()));
    this.ended = new Promise((resolve) => this.listen(resolve));
  }

  /** Aborts the job's signal. */
  askToStop(reason: StopReason): void {
    this.thread.postMessage({ type: 'stop', reason } satisfies ToThread);
  }

  /** Ends the thread whatever it does; false when it didn't end within {@link TERMINATE_WITHIN}. */
  async terminate(): Promise<boolean> {
    void this.thread.terminate();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), TERMINATE_WITHIN);
    });
    const ended = await Promise.race([this.exited.then(() => true as const), late]);
    clearTimeout(timer);
    return ended;
  }

  private listen(end: (end: ThreadEnd) => void): void {
    this.thread.on('message', (message: FromThread) => {
      switch (message.type) {
        case 'returned':
          return end({ kind: 'returned', stopped: message.stopped });
        case 'failed':
          return end({ kind: 'failed', during: message.during, error: message.error });
        case 'progress':
          return this.listener.progress(message.progress);
        case 'log':
          return this.listener.log(message.level, message.message, message.fields);
        case 'session':
          return void this.answerSession();
        case 'running':
          return this.listener.running();
        case 'progressed':
          return this.listener.progressed();
        default:
          return undefined;
      }
    });
    // Out of memory, or an error that the thread could not describe itself.
    this.thread.once('error', (error) =>
      end({ kind: 'failed', during: 'elsewhere', error: describe(error) }),
    );
    this.thread.once('exit', (code) => end({ kind: 'exited', code }));
  }

  /** Lets a new session go on; one of a superseded attempt waits until its thread is ended. */
  private async answerSession(): Promise<void> {
    if (!(await this.listener.isCurrent())) return;
    const gate = new Int32Array(this.input.gate);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  }
}
