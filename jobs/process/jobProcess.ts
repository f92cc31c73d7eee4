import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import path from 'node:path';
import { CHANNEL, listen, send } from './channel';
import type { FromJobProcess, ThreadInput, ToJobProcess } from './messages';
import { readReceived } from './receivedMessage';

/** How a job process ended. */
export interface JobProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even be started: 'EAGAIN', 'ENOMEM'. */
  readonly notStarted?: string;
  /** Its job wrote to the channel what no message can be. */
  readonly channelBroken?: boolean;
}

const SCRIPT = path.join(__dirname, 'main.js');

/** A job process that SIGKILL doesn't end at once waits in the kernel, for a disk perhaps. Milliseconds. */
const END_WITHIN = 5_000;
/** What it said last is read by then, unless its job has handed its channel to somebody else. Milliseconds. */
const HEARD_WITHIN = 1_000;

/**
 * A process around one thread with a heap limit of its own: what would take down a whole process
 * (one allocation past all limits, a native module) takes down this one.
 */
export class JobProcess {
  /** Resolves once it is gone and all that it said has been heard. */
  readonly ended: Promise<JobProcessEnd>;
  private readonly process: ChildProcess | undefined;
  private readonly channel: Socket | undefined;
  private readonly listeners: ((message: FromJobProcess) => void)[] = [];
  private channelBroken = false;

  constructor(memoryLimitMb: number) {
    try {
      this.process = start(memoryLimitMb);
    } catch (error) {
      // Node throws for some reasons (ENOMEM), and tells others by an event.
      this.ended = Promise.resolve(notStarted(error));
      return;
    }
    this.channel = channelOf(this.process);
    if (this.channel) this.listenTo(this.channel);
    this.ended = ended(this.process, this.channel).then((end) =>
      this.channelBroken ? { ...end, channelBroken: true } : end,
    );
  }

  begin(input: ThreadInput): this {
    this.send({ type: 'begin', input });
    return this;
  }

  /** Sends a message. One to a job process that has just ended is lost: its end is about to be heard. */
  send(message: ToJobProcess): void {
    if (this.channel) send(this.channel, message);
  }

  onMessage(listener: (message: FromJobProcess) => void): void {
    this.listeners.push(listener);
  }

  private listenTo(channel: Socket): void {
    const broken = () => {
      this.channelBroken = true;
      void this.end();
    };
    const hear = (value: unknown) => {
      if (this.channelBroken) return;
      const message = readReceived(value);
      if (message === undefined) return broken();
      for (const listener of this.listeners) listener(message);
    };
    listen(channel, hear, broken);
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
  // Two processes can't listen for one debugger.
  const options = process.execArgv.filter((each) => !isForDebugger(each));
  const child = spawn(process.execPath, [...options, SCRIPT, String(memoryLimitMb)], {
    // A group of its own, to be ended with all that its job starts. And Ctrl-C in a terminal goes
    // to the worker alone, which stops its jobs in the right way.
    detached: true,
    stdio: Array.from({ length: CHANNEL + 1 }, (_, fd) => stdioOf(fd)),
  });
  // The worker ends when its activities have; a job process ends when its worker has.
  child.unref();
  return child;
}

function stdioOf(fd: number): 'inherit' | 'ignore' | 'pipe' {
  if (fd <= 2) return 'inherit';
  // What lies between is /dev/null, so that nothing else gets the channel's neighbours.
  return fd === CHANNEL ? 'pipe' : 'ignore';
}

function channelOf(child: ChildProcess): Socket | undefined {
  // A process that could not be started (no open files left) has no descriptors at all.
  const stdio: ChildProcess['stdio'] | undefined = child.stdio;
  const channel = stdio?.[CHANNEL as number] as Socket | null | undefined;
  if (!channel) return undefined;
  channel.unref();
  // A write to a job process that has ended: its end is heard in another way.
  channel.on('error', () => {});
  return channel;
}

const isForDebugger = (argument: string) => argument.startsWith('--inspect');

async function ended(child: ChildProcess, channel: Socket | undefined): Promise<JobProcessEnd> {
  // Its job has closed the channel, by which alone it could be heard.
  channel?.once('close', () => runs(child) && endGroup(child));
  const end = await new Promise<JobProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.on('error', (error) => child.pid === undefined && resolve(notStarted(error)));
  });
  // It crashed, perhaps: what its job has started goes with it.
  endGroup(child);
  if (channel && !channel.closed) {
    await Promise.race([once(channel, 'close'), after(HEARD_WITHIN)]);
    channel.destroy();
  }
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

function notStarted(error: unknown): JobProcessEnd {
  const code = (error as { code?: unknown } | undefined)?.code;
  return { code: null, signal: null, notStarted: typeof code === 'string' ? code : 'unknown' };
}

const after = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds).unref());
