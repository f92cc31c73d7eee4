import { availableParallelism } from 'node:os';
import path from 'node:path';
import { JobProcess, type JobProcesses, type StartedJob } from './jobProcess';
import { Loan } from './loan';
import type { ThreadInput } from './messages';
import type { Output } from './output';
import { RenewedJobProcesses, useOf } from './renewedJobProcesses';

/**
 * While many migrations wait. A spare one uses some 30 MB of its own, and more than one for each core
 * would not be ready earlier.
 */
export const SPARES_AT_MOST = Math.min(4, Math.max(2, availableParallelism()));

/** Where no attempt begins for this time, the next one is not expected soon. Milliseconds. */
const EXPECTED_FOR = 10_000;

/**
 * Keeps spare job processes with a loaded thread: starting Node and loading Drizzle and postgres.js
 * takes most of the time between an attempt's start and run(). A spare one has not run any job's code.
 *
 * One is kept while a slot is free. While migrations wait for a slot and attempts are short, there
 * are more, also while no slot is free: the next attempt begins as soon as this one has ended. But
 * beside an attempt that runs for long there is none, because it would use memory for perhaps weeks.
 *
 * While more attempts of the same job wait, a job process goes on to the next one, with a new thread.
 */
export class JobProcessPool implements JobProcesses {
  /** The oldest, which is the first to be loaded, comes first. */
  private readonly spares: Spare[] = [];
  private readonly renewed: RenewedJobProcesses;
  private busy = 0;
  /** Attempts that wait for a slot, by their job's file. */
  private expected = new Map<string, number>();
  /** A job's file, of the kind that is expected. */
  private like: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /**
   * @param memoryLimitMb the limit of most attempts; one with another limit gets a new job process
   * @param atOnce attempts at a time
   * @param output of what job processes print while no attempt has begun in them
   * @param expectedFor milliseconds; for tests, as is
   * @param usesAtMost of one job process
   */
  constructor(
    private readonly memoryLimitMb: number,
    private readonly atOnce: number,
    private readonly output: Output,
    private readonly expectedFor = EXPECTED_FOR,
    usesAtMost?: number,
  ) {
    this.renewed = new RenewedJobProcesses(usesAtMost);
    this.adjust();
  }

  /**
   * Starts `input` in a process that has run the same job before, or in a spare one if its limit is the
   * same, else in a new one.
   */
  start(input: ThreadInput, memoryLimitMb: number, jobHash?: string): StartedJob {
    const use = useOf(input, memoryLimitMb, jobHash);
    const jobProcess = this.renewed.take(use) ?? this.fresh(input.file, memoryLimitMb);
    this.busy += 1;
    this.renewed.began(jobProcess, use);
    let over = false;
    const notBusy = () => {
      if (over) return;
      over = true;
      this.busy -= 1;
      this.renewed.over(jobProcess);
      this.adjust();
    };
    void jobProcess.ended.then(notBusy);
    const giveBack = async () => {
      const kept = use !== undefined && this.isWanted(use, input.file);
      if (!kept || !(await this.renewed.keep(jobProcess, use, input.file))) return jobProcess.end();
      notBusy();
      return true;
    };
    const loan = new Loan(jobProcess, input, giveBack);
    // Not before the message is sent: to start a process blocks this one for milliseconds.
    setImmediate(() => this.begins(input.file));
    return loan;
  }

  expect(starts: ReadonlyMap<string, number>): void {
    this.expected = new Map(starts);
    const [file = this.like] = starts.keys();
    this.prepareFor(file);
  }

  private prepareFor(like: string | undefined): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.expected.clear();
      this.adjust();
    }, this.expectedFor).unref();
    this.like = like;
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
    this.renewed.endAllBut(this.closed ? new Map() : this.expected);
    const wanted = this.wanted();
    while (this.spares.length < wanted) this.add();
    for (const { jobProcess } of this.spares.splice(wanted)) void jobProcess.end();
  }

  private wanted(): number {
    if (this.closed) return 0;
    const always = this.busy < this.atOnce && this.renewed.count() === 0 ? 1 : 0;
    const others = this.expectedStarts() - this.renewed.count() - this.renewed.coming;
    return Math.max(always, Math.min(others, SPARES_AT_MOST));
  }

  private expectedStarts(): number {
    let sum = 0;
    for (const count of this.expected.values()) sum += count;
    return sum;
  }

  /** An attempt has begun: that of its file which was expected, or another one instead. */
  private begins(file: string): void {
    const [first = file] = this.expected.keys();
    const instead = this.expected.has(file) ? file : first;
    const count = (this.expected.get(instead) ?? 0) - 1;
    // There may be thousands of files: no copy for each attempt.
    if (count > 0) this.expected.set(instead, count);
    else this.expected.delete(instead);
    this.prepareFor(file);
  }

  /** Whether there are more attempts of the file to come than processes that were renewed for them. */
  private isWanted(use: string, file: string): boolean {
    return !this.closed && this.renewed.count(use) < (this.expected.get(file) ?? 0);
  }

  private fresh(file: string, memoryLimitMb: number): JobProcess {
    const spare = memoryLimitMb === this.memoryLimitMb ? this.take(file) : undefined;
    return spare?.jobProcess ?? new JobProcess(memoryLimitMb, this.output);
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
    const usable = this.spares.find(
      ({ jobProcess, typeScript }) => jobProcess.isAlive && (!typeScript || isTypeScript(file)),
    );
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
