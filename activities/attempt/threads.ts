import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ThreadInput } from '../../jobs/thread/messages';

const ENTRY = path.join(__dirname, '../../jobs/thread/entry.js');

/** Starts a thread with a heap limit of its own. It is not waited for when the process ends. */
export function startThread(input: ThreadInput, memoryLimitMb: number): Worker {
  const thread = newThread(memoryLimitMb);
  thread.postMessage(input);
  return thread;
}

/**
 * Keeps one thread ready: what every thread loads (Drizzle, postgres.js) takes longer than all else
 * from an attempt's start to run(). It has run nobody's code and is used once.
 */
export class SpareThread {
  private ready: Worker | undefined;

  /** @param memoryLimitMb of most attempts; one with another limit gets a new thread. */
  constructor(private readonly memoryLimitMb: number) {
    this.prepare();
  }

  /** Starts `input` in the spare thread where its limit is the same, else in a new one. */
  start(input: ThreadInput, memoryLimitMb: number): Worker {
    const spare = memoryLimitMb === this.memoryLimitMb ? this.ready : undefined;
    if (!spare) return startThread(input, memoryLimitMb);
    spare.removeAllListeners();
    spare.postMessage(input);
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
    thread.once('error', forget).once('exit', forget);
  }
}

function newThread(memoryLimitMb: number): Worker {
  const thread = new Worker(ENTRY, { resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb } });
  // The worker process ends when its activities have; an idle thread is no reason to stay.
  thread.unref();
  return thread;
}
