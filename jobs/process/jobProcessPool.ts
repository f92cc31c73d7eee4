import { JobProcess } from './jobProcess';
import type { ThreadInput } from './messages';

/**
 * Keeps one job process ready, its thread loaded: starting Node and loading Drizzle and postgres.js takes
 * longer than all else from an attempt's start to run(). It has run nobody's code and is used once.
 */
export class JobProcessPool {
  private ready: JobProcess | undefined;
  private busy = 0;

  /**
   * @param memoryLimitMb of most attempts; one with another limit gets a new job process.
   * @param atOnce attempts at a time: while so many run there is no spare one. It would lie in memory
   *   for as long as they take, which may be weeks.
   */
  constructor(
    private readonly memoryLimitMb: number,
    private readonly atOnce: number,
  ) {
    this.prepare();
  }

  /** Starts `input` in the spare job process where its limit is the same, else in a new one. */
  start(input: ThreadInput, memoryLimitMb: number): JobProcess {
    const jobProcess = this.take(memoryLimitMb) ?? new JobProcess(memoryLimitMb);
    this.busy += 1;
    if (this.busy < this.atOnce) this.prepare();
    else this.discard();
    void jobProcess.ended.then(() => {
      this.busy -= 1;
      if (this.busy < this.atOnce) this.prepare();
    });
    return jobProcess.begin(input);
  }

  private take(memoryLimitMb: number): JobProcess | undefined {
    if (memoryLimitMb !== this.memoryLimitMb) return undefined;
    const { ready } = this;
    this.ready = undefined;
    return ready;
  }

  private prepare(): void {
    if (this.ready) return;
    const jobProcess = new JobProcess(this.memoryLimitMb);
    this.ready = jobProcess;
    // One that ended before its time (killed, a broken build) must not be handed out.
    void jobProcess.ended.then(() => {
      if (this.ready === jobProcess) this.ready = undefined;
    });
  }

  /** One that this attempt could not use, for its other limit. */
  private discard(): void {
    void this.ready?.end();
    this.ready = undefined;
  }
}
