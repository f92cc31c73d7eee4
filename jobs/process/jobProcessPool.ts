import { JobProcess, type JobProcesses, type Output } from './jobProcess';
import type { ThreadInput } from './messages';

/**
 * Keeps one spare job process with a loaded thread: starting Node and loading Drizzle and postgres.js
 * takes most of the time between an attempt's start and run(). A job process is used only once, and
 * a spare one has not run any job's code.
 */
export class JobProcessPool implements JobProcesses {
  private ready: JobProcess | undefined;
  private busy = 0;
  private closed = false;

  /**
   * @param memoryLimitMb the limit of most attempts; one with another limit gets a new job process
   * @param atOnce attempts at a time; while this many run there is no spare job process, because it
   *   would use memory until one of them ends, which may take weeks
   */
  constructor(
    private readonly memoryLimitMb: number,
    private readonly atOnce: number,
    private readonly output: Output = 'stdout',
  ) {
    this.prepare();
  }

  /** Starts `input` in the spare job process if its limit is the same, else in a new one. */
  start(input: ThreadInput, memoryLimitMb: number): JobProcess {
    const jobProcess = this.take(memoryLimitMb) ?? new JobProcess(memoryLimitMb, this.output);
    this.busy += 1;
    if (this.busy < this.atOnce) this.prepare();
    else this.discard();
    void jobProcess.ended.then(() => {
      this.busy -= 1;
      if (this.busy < this.atOnce) this.prepare();
    });
    return jobProcess.begin(input);
  }

  /** Ends the spare job process, and prepares no other. Attempts that run are not touched. */
  close(): void {
    this.closed = true;
    this.discard();
  }

  private take(memoryLimitMb: number): JobProcess | undefined {
    if (memoryLimitMb !== this.memoryLimitMb) return undefined;
    const { ready } = this;
    this.ready = undefined;
    return ready;
  }

  private prepare(): void {
    if (this.ready || this.closed) return;
    const jobProcess = new JobProcess(this.memoryLimitMb, this.output, true);
    this.ready = jobProcess;
    // One that has ended early (killed, a broken build) must not be used.
    void jobProcess.ended.then(() => {
      if (this.ready === jobProcess) this.ready = undefined;
    });
  }

  private discard(): void {
    void this.ready?.end();
    this.ready = undefined;
  }
}
