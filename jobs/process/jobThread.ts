import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { built } from '../../settings/projectFolder';
import { describeError } from './describeError';
import type {
  FromJobProcess,
  FromThread,
  LogMessage,
  Prepare,
  ThreadInput,
  ToThread,
} from './messages';
import { PrintedLimit, PrintedLines } from './printedLines';
import { writeStore } from './storeFile';

/** What a thread does with the code store: see codeStore.ts. */
export interface ThreadStore {
  /** True: it gives what it has loaded, and this process writes it. */
  readonly write: boolean;
  /** What it loads its modules from. Undefined: from their files. */
  readonly stored: Uint8Array | undefined;
}

type ToAnyThread = ThreadInput | ToThread | Prepare;

/** The thread in which the job's code runs, as the main thread of its process sees it. */
export class JobThread {
  /** What a thread after this one can load its modules from. */
  stored: Uint8Array | undefined;
  /**
   * First: 0 while a new database session waits, 1 when it is allowed; see thread/session.ts.
   * Second: 1 when it has done what may outlive it; see thread/outlives.ts.
   */
  private readonly gate = new Int32Array(new SharedArrayBuffer(8));
  private readonly port: MessagePort;
  private readonly worker: Worker;
  /** Messages of the thread before there is a task, for example that it could not be loaded. */
  private readonly early: FromJobProcess[] = [];
  /** Messages for the thread while it gives what is to be stored. */
  private waiting: ToAnyThread[] | undefined;
  private begun = false;
  private over = false;

  constructor(
    memoryLimitMb: number,
    { write, stored }: ThreadStore,
    private readonly sendToWorker: (message: FromJobProcess) => void,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.stored = stored;
    this.port = port1;
    this.waiting = write ? [] : undefined;
    this.worker = new Worker(built('jobThread.js'), {
      workerData: { port: port2, gate: this.gate, write, stored },
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb },
      stdout: true,
      stderr: true,
    });
    this.readEarlyPrints();
    this.port.on('message', (message: FromThread) => this.receive(message));
    // Out of memory, or an error that the thread could not describe itself.
    this.worker.once('error', (error) =>
      this.forward({ type: 'failed', during: 'elsewhere', error: describeError(error) }),
    );
    // Its last messages may still be on their way: 'exit' can come before them.
    this.worker.once('exit', (code) => setImmediate(() => this.forward({ type: 'exited', code })));
  }

  begin(input: ThreadInput): void {
    this.begun = true;
    for (const each of this.early.splice(0)) this.forward(each);
    this.send(input);
  }

  send(message: ToAnyThread): void {
    if (this.waiting) this.waiting.push(message);
    else this.port.postMessage(message);
  }

  allowSession(): void {
    Atomics.store(this.gate, 0, 1);
    Atomics.notify(this.gate, 0);
  }

  /** Whether it has done what may outlive it. */
  get mayOutlive(): boolean {
    return Atomics.load(this.gate, 1) !== 0;
  }

  /** Resolves when it has ended. None of its messages is sent to the worker any more. */
  async end(): Promise<void> {
    this.over = true;
    await this.worker.terminate();
    this.port.close();
  }

  private receive(message: FromThread): void {
    if (message.type !== 'store') {
      this.forward(message);
      return;
    }
    // Only the first one, which comes before any code of the job: a job could send others.
    if (!this.waiting) return;
    const { bytes } = message;
    const sum = bytes && writeStore(bytes);
    this.stored = sum ? (bytes ?? undefined) : undefined;
    // It is of use to other job processes before this one has a task.
    this.sendToWorker({ type: 'stored', sum });
    for (const each of this.waiting.splice(0)) this.port.postMessage(each);
    this.waiting = undefined;
  }

  /** What code of NODE_OPTIONS prints before the thread sends its prints itself, see thread/prints.ts. */
  private readEarlyPrints(): void {
    const limit = new PrintedLimit((message) => this.sendEarly(message));
    for (const stream of ['stdout', 'stderr'] as const) {
      const lines = new PrintedLines(stream, limit);
      this.worker[stream].on('data', (chunk: Buffer) => lines.add(chunk));
    }
  }

  private sendEarly(message: LogMessage): void {
    if (!this.over) this.sendToWorker({ ...message, early: true });
  }

  private forward(message: FromJobProcess): void {
    if (this.over) return;
    if (this.begun) this.sendToWorker(message);
    else if (message.type === 'log') this.sendEarly(message);
    else this.early.push(message);
  }
}
