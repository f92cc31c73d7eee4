import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { FromHost, ThreadInput, ToHost } from '../../jobs/thread/messages';

/** How a host's process ended; both null when it could not be started. */
export interface HostEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const SCRIPT = path.join(__dirname, '../../jobs/thread/host.js');

/** A host that SIGKILL doesn't end at once waits in the kernel, for a disk perhaps. Milliseconds. */
const END_WITHIN = 5_000;

/**
 * A process around one thread with a heap limit of its own: what would take down a whole process
 * (one allocation past all limits, a native module) takes down this one.
 */
export class Host {
  /** Resolves once it is gone and all that it said has been heard. */
  readonly ended: Promise<HostEnd>;
  private readonly process: ChildProcess;

  constructor(memoryLimitMb: number) {
    this.process = fork(SCRIPT, [String(memoryLimitMb)], {
      // A group of its own, to be ended with all that its job starts. And Ctrl-C in a terminal goes
      // to the worker alone, which stops its jobs in the right way.
      detached: true,
      serialization: 'advanced',
      // Two processes can't listen for one debugger.
      execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
    });
    this.ended = ended(this.process);
    // The worker ends when its activities have; a host ends when its worker has.
    this.process.unref();
    this.process.channel?.unref();
  }

  begin(input: ThreadInput): this {
    this.tell({ type: 'begin', input });
    return this;
  }

  /** Sends a message. One to a host that has just ended is lost: its end is about to be heard. */
  tell(message: ToHost): void {
    if (this.process.connected) this.process.send(message, () => {});
  }

  onMessage(listener: (message: FromHost) => void): void {
    this.process.on('message', listener);
  }

  /**
   * Ends it and the processes that its job has started, whatever they do; false when it was still
   * there after {@link END_WITHIN}.
   */
  async end(): Promise<boolean> {
    this.kill();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), END_WITHIN);
    });
    const gone = this.ended.then(() => true as const);
    return Promise.race([gone, late]).finally(() => clearTimeout(timer));
  }

  private kill(): void {
    const { pid, exitCode, signalCode } = this.process;
    // Its number may be somebody else's by now.
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
}

async function ended(child: ChildProcess): Promise<HostEnd> {
  const end = await new Promise<HostEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    // Not started, for want of memory or processes; no 'exit' comes then.
    child.on('error', () => child.pid === undefined && resolve({ code: null, signal: null }));
  });
  // What it said last may still be on its way.
  if (child.connected) await once(child, 'disconnect');
  return end;
}
