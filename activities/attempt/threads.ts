import path from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { ThreadInput } from '../../jobs/thread/messages';

/** A thread, and the port by which we talk with it. `parentPort` is the job's own to misuse. */
export interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
}

const ENTRY = path.join(__dirname, '../../jobs/thread/entry.js');

/** Starts a thread with a heap limit of its own. It is not waited for when the process ends. */
export function startThread(input: ThreadInput, memoryLimitMb: number): Thread {
  const thread = newThread(memoryLimitMb);
  thread.port.postMessage(input);
  return thread;
}

/**
 * Keeps one thread ready: what every thread loads (Drizzle, postgres.js) takes longer than all else
 * from an attempt's start to run(). It has run nobody's code and is used once.
 */
export class SpareThread {
  private ready: Thread | undefined;

  /** @param memoryLimitMb of most attempts; one with another limit gets a new thread. */
  constructor(private readonly memoryLimitMb: number) {
    this.prepare();
  }

  /** Starts `input` in the spare thread where its limit is the same, else in a new one. */
  start(input: ThreadInput, memoryLimitMb: number): Thread {
    const spare = memoryLimitMb === this.memoryLimitMb ? this.ready : undefined;
    if (!spare) return startThread(input, memoryLimitMb);
    spare.worker.removeAllListeners();
    spare.port.postMessage(input);
    this.prepare();
    return spare;
  }

  private prepare(): void {
    const thread = newThread(this.memoryLimitMb);
    this.ready = thread;
    // One that can't even load (out of memory, a broken build) must not be handed out.
    const forget = () => {
      if (this.ready === thread) this.ready = undefined;
    };
    thread.worker.once('error', forget).once('exit', forget);
  }
}

function newThread(memoryLimitMb: number): Thread {
  const { port1: port, port2: theirs } = new MessageChannel();
  const worker = new Worker(ENTRY, {
    workerData: { port: theirs },
    transferList: [theirs],
    resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb },
  });
  // The worker process ends when its activities have; an idle thread is no reason to stay.
  worker.unref();
  port.unref();
  return { worker, port };
}
