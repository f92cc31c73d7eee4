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
import type { Thread } from './threads';

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

/** Between two questions to a database that doesn't answer. Milliseconds. */
const ASK_AGAIN = 500;

/** A thread blocked in a native call (execSync, a sync file lock) may not end: so long it is waited for. */
export const TERMINATE_WITHIN = 5_000;

/** The thread in which one attempt's run() executes. */
export class JobThread {
  /** Settled once, by whatever ends it first. */
  readonly ended: Promise<ThreadEnd>;
  private readonly exited: Promise<void>;
  private over = false;

  /** @param thread started with `input` just now */
  constructor(
    private readonly thread: Thread,
    private readonly input: RunInput,
    private readonly listener: ThreadListener,
  ) {
    this.exited = new Promise((resolve) => this.thread.worker.once('exit', () => resolve()));
    this.ended = new Promise((resolve) => this.listen(resolve));
  }

  /** Aborts the job's signal. */
  askToStop(reason: StopReason): void {
    this.thread.port.postMessage({ type: 'stop', reason } satisfies ToThread);
  }

  /** Ends the thread whatever it does; false when it didn't end within {@link TERMINATE_WITHIN}. */
  async terminate(): Promise<boolean> {
    this.over = true;
    void this.thread.worker.terminate();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), TERMINATE_WITHIN);
    });
    const ended = await Promise.race([this.exited.then(() => true as const), late]);
    clearTimeout(timer);
    this.thread.port.close();
    return ended;
  }

  private listen(end: (end: ThreadEnd) => void): void {
    const { worker, port } = this.thread;
    port.on('message', (message: FromThread) => this.hear(message, end));
    // Out of memory, or an error that the thread could not describe itself.
    worker.once('error', (error) =>
      end({ kind: 'failed', during: 'elsewhere', error: describe(error) }),
    );
    // What it said last may still be on its way: the two don't come in order.
    worker.once('exit', (code) => setImmediate(() => end({ kind: 'exited', code })));
  }

  private hear(message: FromThread, end: (end: ThreadEnd) => void): void {
    const { listener } = this;
    if (message.type === 'returned') end({ kind: 'returned', stopped: message.stopped });
    if (message.type === 'failed') {
      end({ kind: 'failed', during: message.during, error: message.error });
    }
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
      if (current) {
        const gate = new Int32Array(this.input.gate);
        Atomics.store(gate, 0, 1);
        Atomics.notify(gate, 0);
        return;
      }
      // The database does not answer: asked again until it does, or the attempt is over.
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
    }
  }
}
