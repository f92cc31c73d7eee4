import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { FromHost, ThreadInput, ToHost } from '../../jobs/thread/messages';

/** How a host's process ended. */
export interface HostEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even be started: 'EAGAIN', 'ENOMEM'. */
  readonly notStarted?: string;
}

const SCRIPT = path.join(__dirname, '../../jobs/thread/host.js');

/** A host that SIGKILL doesn't end at once waits in the kernel, for a disk perhaps. Milliseconds. */
const END_WITHIN = 5_000;
/** What it said last is read by then, unless its job has handed its channel to somebody else. Milliseconds. */
const HEARD_WITHIN = 1_000;

/**
 * A process around one thread with a heap limit of its own: what would take down a whole process
 * (one allocation past all limits, a native module) takes down this one.
 */
export class Host {
  /** Resolves once it is gone and all that it said has been heard. */
  readonly ended: Promise<HostEnd>;
  private readonly process: ChildProcess | undefined;

  constructor(memoryLimitMb: number) {
    try {
      this.process = start(memoryLimitMb);
      this.ended = ended(this.process);
    } catch (error) {
      // Node throws for some reasons (ENOMEM), and tells others by an event.
      this.ended = Promise.resolve(notStarted(error));
    }
  }

  begin(input: ThreadInput): this {
    this.tell({ type: 'begin', input });
    return this;
  }

  /** Sends a message. One to a host that has just ended is lost: its end is about to be heard. */
  tell(message: ToHost): void {
    if (this.process?.connected) this.process.send(message, () => {});
  }

  onMessage(listener: (message: FromHost) => void): void {
    this.process?.on('message', listener);
  }

  /**
   * Ends it and the processes that its job has started, whatever they do; false when it was still
   * there after {@link END_WITHIN}.
   */
  async end(): Promise<boolean> {
    if (this.process && runs(this.process)) endGroup(this.process);
    const gone = this.ended.then(() => true as const);
    return Promise.race([gone, after(END_WITHIN).then(() => false as const)]);
  }
}

function start(memoryLimitMb: number): ChildProcess {
  const inspected = process.execArgv.some(isForDebugger);
  const child = fork(SCRIPT, [String(memoryLimitMb)], {
    // A group of its own, to be ended with all that its job starts. And Ctrl-C in a terminal goes
    // to the worker alone, which stops its jobs in the right way.
    detached: true,
    serialization: 'advanced',
    // Two processes can't listen for one debugger.
    ...(inspected ? { execArgv: process.execArgv.filter((each) => !isForDebugger(each)) } : {}),
  });
  // The worker ends when its activities have; a host ends when its worker has.
  child.unref();
  child.channel?.unref();
  return child;
}

const isForDebugger = (argument: string) => argument.startsWith('--inspect');

async function ended(child: ChildProcess): Promise<HostEnd> {
  const end = await new Promise<HostEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.on('error', (error) => child.pid === undefined && resolve(notStarted(error)));
    // Its job has closed the channel, by which alone it could be heard.
    child.once('disconnect', () => runs(child) && endGroup(child));
  });
  // It crashed, perhaps: what its job has started goes with it.
  endGroup(child);
  if (child.connected) await Promise.race([once(child, 'disconnect'), after(HEARD_WITHIN)]);
  return end;
}

const runs = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

/** Its number is nobody else's while one process of its group is left. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}

function notStarted(error: unknown): HostEnd {
  const code = (error as { code?: unknown } | undefined)?.code;
  return { code: null, signal: null, notStarted: typeof code === 'string' ? code : 'unknown' };
}

const after = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds).unref());
