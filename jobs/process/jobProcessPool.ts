import { availableParallelism } from 'node:os';
import path from 'node:path';
import { JobProcess, type JobProcesses, type Output } from './jobProcess';
import type { ThreadInput } from './messages';

/**
 * While many migrations wait. A spare one uses some 30 MB of its own, and more than one for each core
 * would not be ready earlier.
 */
export const SPARES_AT_MOST = Math.min(4, Math.max(2, availableParallelism()));

/** Where no attempt begins for this time, the next one is not expected soon. Milliseconds. */
const EXPECTED_FOR = 10_000;

/**
 * Keeps spare job processes with a loaded thread: starting Node and loading Drizzle and postgres.js
 * takes most of the time between an attempt's start and run(). A job process is used only once, and
 * a spare one has not run any job's code.
 *
 * One is kept while a slot is free. While migrations wait for a slot and attempts are short, there
 * are more, also while no slot is free: the next attempt begins as soon as this one has ended. But
 * beside an attempt that runs for long there is none, because it would use memory for perhaps weeks.
 */
export class JobProcessPool implements JobProcesses {
  /** The oldest, which is the first to be loaded, comes first. */
  private readonly spares: Spare[] = [];
  private busy = 0;
  private expected = 0;
  /** A job's file, of the kind that is expected. */
  private like: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /**
   * @param memoryLimitMb the limit of most attempts; one with another limit gets a new job process
   * @param atOnce attempts at a time
   * @param expectedFor milliseconds; for tests
   */
  constructor(
    private readonly memoryLimitMb: number,
    private readonly atOnce: number,
    private readonly output: Output = 'stdout',
    private readonly expectedFor = EXPECTED_FOR,
  ) {
    this.adjust();
  }

  /** Starts `input` in a spare job process if its limit is the same, else in a new one. */
  start(input: ThreadInput, memoryLimitMb: number): JobProcess {
    const spare = memoryLimitMb === this.memoryLimitMb ? this.take(input.file) : undefined;
    const jobProcess = spare?.jobProcess ?? new JobProcess(memoryLimitMb, this.output);
    this.busy += 1;
    void jobProcess.ended.then(() => {
      this.busy -= 1;
      this.adjust();
    });
    jobProcess.begin(input);
    // Not before the message is sent: to start a process blocks this one for milliseconds.
    setImmediate(() => this.expect(Math.max(0, this.expected - 1), input.file));
    return jobProcess;
  }

  expect(starts: number, file: string | undefined): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.expected = 0;
      this.adjust();
    }, this.expectedFor).unref();
    this.expected = starts;
    this.like = file ?? this.like;
    for (const spare of this.spares) this.prepare(spare);
    this.adjust();
  }

  /** Ends the spare job processes, and starts no others. Attempts that run are not touched. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.adjust();
  }

  /** Starts and ends spare job processes until there are as many as are wanted. */
  private adjust(): void {
    const wanted = this.wanted();
    while (this.spares.length < wanted) this.add();
    for (const { jobProcess } of this.spares.splice(wanted)) void jobProcess.end();
  }

  private wanted(): number {
    if (this.closed) return 0;
    const always = this.busy < this.atOnce ? 1 : 0;
    return Math.max(always, Math.min(this.expected, SPARES_AT_MOST));
  }

  private add(): void {
    const jobProcess = new JobProcess(this.memoryLimitMb, this.output, true);
    const spare: Spare = { jobProcess, typeScript: false };
    this.spares.push(spare);
    this.prepare(spare);
    // One that has ended early (killed, a broken build) must not be used.
    void jobProcess.ended.then(() => {
      const at = this.spares.indexOf(spare);
      if (at >= 0) this.spares.splice(at, 1);
    });
  }

  private prepare(spare: Spare): void {
    if (this.like === undefined) return;
    spare.typeScript ||= isTypeScript(this.like);
    spare.jobProcess.send({ type: 'prepare', like: this.like });
  }

  /**
   * The oldest spare one in which the file meets nothing that a new one has not. If there is none, the
   * oldest of the other kind ends, so that jobs of this kind find one the next time.
   */
  private take(file: string): Spare | undefined {
    const usable = this.spares.find(({ typeScript }) => !typeScript || isTypeScript(file));
    const taken = usable ?? this.spares[0];
    if (!taken) return undefined;
    this.spares.splice(this.spares.indexOf(taken), 1);
    if (!usable) void taken.jobProcess.end();
    return usable;
  }
}

interface Spare {
  readonly jobProcess: JobProcess;
  /** It compiles all .ts files that are imported, also those that a JavaScript job can't import. */
  typeScript: boolean;
}

const isTypeScript = (file: string): boolean => path.extname(file) === '.ts';
