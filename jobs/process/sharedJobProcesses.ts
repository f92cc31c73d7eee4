import { JobProcess, type JobProcesses, type StartedJob } from './jobProcess';
import { Loan } from './loan';
import type { ThreadInput } from './messages';
import { type Output, printTo } from './output';

/**
 * Runs one attempt after the other in the same few job threads: to start one and load Drizzle
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
    return new Loan(jobProcess, input, async () => {
      this.idle.add(jobProcess);
      return true;
    });
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
    jobProcess.onMessage((message) => {
      if (!this.idle.delete(jobProcess)) return;
      if (message.type === 'log') printTo(this.output, message);
      void jobProcess.end();
    });
    void jobProcess.ended.then(() => this.idle.delete(jobProcess));
    return jobProcess;
  }
}
