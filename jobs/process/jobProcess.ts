import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { SCHEMA } from '../../drizzle/schema';
import { built } from '../../settings/projectFolder';
import { type Redact, redactor } from '../../settings/redact';
import { jobEnvironment, passwordsOf, secretsIn } from '../../settings/secrets';
import { CHANNEL, listen, send } from './channel';
import { codeStore, type GivenStore, STORE } from './codeStore';
import type { FromJobProcess, ThreadInput, ToJobProcess } from './messages';
import { type Output, printTo } from './output';
import { readReceived } from './receivedMessage';
import { redactMessage } from './redactMessage';

/** How a job process ended. */
export interface JobProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started, for example 'EAGAIN' or 'ENOMEM'. */
  readonly notStarted?: string;
  /** Its job wrote something to the channel that is not a message. */
  readonly channelBroken?: boolean;
}

const SCRIPT = built('jobProcess.js');

/** A process that exists this long after SIGKILL is blocked in the kernel, as by a disk. Milliseconds. */
const END_WITHIN = 5_000;
/** To end a thread takes milliseconds, unless it waits for a file or a name server. Milliseconds. */
const RENEW_WITHIN = 2_000;
/** Enough to read the last messages, unless another process holds the channel. Milliseconds. */
const RECEIVED_WITHIN = 1_000;

/** A job process in which an attempt has been started. */
export type StartedJob = Pick<JobProcess, 'ended' | 'send' | 'onMessage' | 'end'>;

/** Starts job processes for attempts. */
export interface JobProcesses {
  /**
   * @param memoryLimitMb of the attempt's heap, in MiB
   * @param jobHash of the job's code. Undefined: it is not known
   */
  start(input: ThreadInput, memoryLimitMb: number, jobHash?: string): StartedJob;
  /**
   * Says what attempts will begin as soon as there are slots, so that processes can be made ready.
   * @param starts how many of them are of each job's file
   */
  expect(starts: ReadonlyMap<string, number>): void;
  /** Ends what no attempt uses. */
  close(): void;
}

/**
 * A process with one job thread, which has its own heap limit. An error that ends a whole process
 * (an allocation far above the limit, a native module) ends only this one.
 */
export class JobProcess {
  /** Resolves when it has ended and all its messages are received. */
  readonly ended: Promise<JobProcessEnd>;
  private readonly process: ChildProcess | undefined;
  private readonly channel: Socket | undefined;
  private listeners: ((message: FromJobProcess) => void)[] = [];
  private channelBroken = false;
  private readonly store: GivenStore | undefined;
  private redact: Redact = redactor(secretsIn(process.env));

  /**
   * @param output of what it prints while no attempt has begun in it
   * @param isSpare true: it may have the time to write the code store
   */
  constructor(
    memoryLimitMb: number,
    private readonly output: Output = 'stderr',
    isSpare = false,
  ) {
    try {
      this.store = codeStore.give(isSpare);
      this.process = start(memoryLimitMb, output, this.store);
    } catch (error) {
      codeStore.released(this.store);
      // Node throws some errors (ENOMEM) and emits others as an event.
      this.ended = Promise.resolve(notStarted(error));
      return;
    }
    this.channel = channelOf(this.process);
    if (this.channel) this.listenTo(this.channel);
    this.ended = ended(this.process, this.channel).then((end) =>
      this.channelBroken ? { ...end, channelBroken: true } : end,
    );
    void this.ended.then(() => codeStore.released(this.store));
  }

  begin(input: ThreadInput): this {
    this.redact = redactor([...secretsIn(process.env), ...secretsOf(input)]);
    this.send({ type: 'begin', input });
    return this;
  }

  /** Sends a message. If the job process has just ended, the message is lost and `ended` resolves. */
  send(message: ToJobProcess): void {
    if (this.channel) send(this.channel, message);
  }

  onMessage(listener: (message: FromJobProcess) => void): void {
    this.listeners.push(listener);
  }

  /**
   * Ends the thread of an attempt that has ended well, and starts one for another attempt. Then no
   * message of that attempt comes any more, and those who have listened get no other.
   * @returns false when the process can't be used again, and has to be ended
   */
  async renew(): Promise<boolean> {
    const renewed = new Promise<boolean>((resolve) => {
      // Any other message is one of an attempt that still does something.
      this.listeners = [
        (message) => {
          if (message.type === 'log') printTo(this.output, message);
          resolve(message.type === 'renewed');
        },
      ];
      void this.ended.then(() => resolve(false));
      void after(RENEW_WITHIN).then(() => resolve(false));
    });
    this.send({ type: 'renew' });
    const isRenewed = await renewed;
    this.listeners = [];
    return isRenewed;
  }

  /** False: it has ended, though perhaps not all of its messages are received. */
  get isAlive(): boolean {
    return this.process !== undefined && runs(this.process) && this.channel?.closed === false;
  }

  private listenTo(channel: Socket): void {
    const broken = () => {
      this.channelBroken = true;
      void this.end();
    };
    const receive = (value: unknown) => {
      if (this.channelBroken) return;
      const message = readReceived(value);
      if (message === undefined) return broken();
      if (message.type === 'stored') return codeStore.written(this.store, message.sum);
      const redacted = redactMessage(message, this.redact);
      if (redacted.type === 'log' && redacted.early) return printTo(this.output, redacted);
      for (const listener of this.listeners) listener(redacted);
    };
    listen(channel, receive, broken);
  }

  /**
   * Kills the job process and all processes that its job has started. False when it has not ended
   * after {@link END_WITHIN}.
   */
  async end(): Promise<boolean> {
    if (this.process && runs(this.process)) endGroup(this.process);
    const gone = this.ended.then(() => true as const);
    return Promise.race([gone, after(END_WITHIN).then(() => false as const)]);
  }
}

/** An application may give URLs that are not in the environment. */
function secretsOf(input: ThreadInput): string[] {
  if (!('databaseUrl' in input)) return [];
  const { databaseUrl, password } = input;
  const urls = [databaseUrl, ...('databases' in input ? Object.values(input.databases) : [])];
  return [...urls.flatMap((url) => [url, ...passwordsOf(url)]), ...(password ? [password] : [])];
}

function start(memoryLimitMb: number, output: Output, store: GivenStore | undefined): ChildProcess {
  const args = [SCRIPT, String(memoryLimitMb)];
  if (store) args.push(store.use);
  if (store?.use === 'read') args.push(store.sum);
  const child = spawn(process.execPath, [...inherited(process.execArgv), ...args], {
    // Its own process group, which is killed together with all that the job starts. And Ctrl-C in a
    // terminal reaches only the worker, which stops its jobs in the right way.
    detached: true,
    stdio: Array.from({ length: CHANNEL + 1 }, (_, fd) => stdioOf(fd, output, store)),
    // Not left out: in a test runner's sandbox, process.env is a copy of the one that is inherited.
    env: { ...jobEnvironment(process.env), LRM_SCHEMA: SCHEMA },
  });
  // A job process must not keep the worker running: it ends when its worker has ended.
  child.unref();
  return child;
}

function stdioOf(
  fd: number,
  output: Output,
  store: GivenStore | undefined,
): number | 'inherit' | 'ignore' | 'pipe' {
  // Only what native code and child processes of the job write.
  if (fd === 1 && output === 'stderr') return 2;
  if (fd <= 2) return 'inherit';
  if (fd === STORE && store) return store.fd;
  // The descriptors in between are /dev/null, so that all lower ones are in use.
  return fd === CHANNEL ? 'pipe' : 'ignore';
}

function channelOf(child: ChildProcess): Socket | undefined {
  // A process that could not be started (too many open files) has no descriptors.
  const stdio: ChildProcess['stdio'] | undefined = child.stdio;
  const channel = stdio?.[CHANNEL as number] as Socket | null | undefined;
  if (!channel) return undefined;
  channel.unref();
  // A write to a job process that has ended. The 'exit' event reports that end.
  channel.on('error', () => {});
  return channel;
}

/**
 * The options of Node that hold for a job process, too. Two processes can't use the same debugger
 * port, and `node -e <script>` has a script that is not the job's.
 */
function inherited(execArgv: readonly string[]): string[] {
  const script = execArgv.findIndex((each) => /^(-e|-p|-pe|--eval|--print)$/.test(each));
  return execArgv.filter((each, at) => {
    if (script >= 0 && (at === script || at === script + 1)) return false;
    return !/^--(inspect|eval=|print=|input-type)/.test(each);
  });
}

async function ended(child: ChildProcess, channel: Socket | undefined): Promise<JobProcessEnd> {
  // Its job has closed the channel, so no message can come any more.
  channel?.once('close', () => runs(child) && endGroup(child));
  const end = await new Promise<JobProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.on('error', (error) => child.pid === undefined && resolve(notStarted(error)));
  });
  // It may have crashed: then the processes that its job has started must be ended, too.
  endGroup(child);
  if (channel && !channel.closed) {
    // Not once() of node:events: it rejects at an 'error', such as that of a message that the job
    // process did not read any more (ECONNRESET). 'close' follows.
    const closed = new Promise((resolve) => channel.once('close', resolve));
    await Promise.race([closed, after(RECEIVED_WITHIN)]);
    channel.destroy();
  }
  return end;
}

const runs = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

/** The system does not reuse the ID while a process of the group is left. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // No process of the group is left.
  }
}

function notStarted(error: unknown): JobProcessEnd {
  const code = (error as { code?: unknown } | undefined)?.code;
  return { code: null, signal: null, notStarted: typeof code === 'string' ? code : 'unknown' };
}

const after = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds).unref());
