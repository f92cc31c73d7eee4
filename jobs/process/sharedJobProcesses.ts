import { JobProcess, type JobProcesses, type Output, type StartedJob } from './jobProcess';
import type { FromJobProcess, ThreadInput } from './messages';

/**
 * Runs one attempt after the other in the same few job processes: to start Node and load Drizzle
 * takes a hundred times as long as to see that a table is empty. Only for attempts that end at the
 * first row to do: what one of them leaves behind (a timer, a changed global) meets the next one. So
 * a process is used again only after an attempt that returned, and an error of a later one is not
 * held against its migration.
 */
export class SharedJobProcesses implements JobProcesses {
  private readonly idle = new Set<JobProcess>();

  constructor(
    private readonly memoryLimitMb: number,
    private readonly output: Output,
  ) {}

  start(input: ThreadInput, memoryLimitMb: number): StartedJob {
    if (memoryLimitMb !== this.memoryLimitMb) {
      return new JobProcess(memoryLimitMb, this.output).begin(input);
    }
    const [idle] = this.idle;
    const jobProcess = idle ?? this.create();
    this.idle.delete(jobProcess);
    return new Loan(jobProcess.begin(input), () => this.idle.add(jobProcess));
  }

  /** They are ready as soon as the first attempts have ended. */
  expect(): void {}

  close(): void {
    for (const jobProcess of this.idle) void jobProcess.end();
    this.idle.clear();
  }

  private create(): JobProcess {
    const jobProcess = new JobProcess(this.memoryLimitMb, this.output);
    // An attempt that has returned still does something.
    jobProcess.onMessage(() => {
      if (this.idle.delete(jobProcess)) void jobProcess.end();
    });
    void jobProcess.ended.then(() => this.idle.delete(jobProcess));
    return jobProcess;
  }
}

/** A job process while one attempt uses it. */
class Loan implements StartedJob {
  readonly ended: StartedJob['ended'];
  private returned = false;
  private over = false;

  constructor(
    private readonly jobProcess: JobProcess,
    private readonly giveBack: () => void,
  ) {
    this.ended = jobProcess.ended;
    this.onMessage(({ type }) => {
      if (type === 'returned') this.returned = true;
      if (type === 'failed' || type === 'exited') this.returned = false;
    });
  }

  send(message: Parameters<JobProcess['send']>[0]): void {
    if (!this.over) this.jobProcess.send(message);
  }

  onMessage(listener: (message: FromJobProcess) => void): void {
    this.jobProcess.onMessage((message) => {
      if (!this.over) listener(message);
    });
  }

  async end(): Promise<boolean> {
    if (!this.returned) return this.jobProcess.end();
    this.over = true;
    this.giveBack();
    return true;
  }
}
