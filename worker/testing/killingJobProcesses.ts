import type { JobProcesses, StartedJob } from '../../jobs/process/jobProcess';
import type { FromJobProcess, ThreadInput } from '../../jobs/process/messages';
import { UsageError } from '../../settings/usageError';
import type { KillAfter } from './messages';

/** Kills the first job process that has got so far. */
export class KillingJobProcesses implements JobProcesses {
  private done = false;
  private readonly batches: number;
  private readonly rows: number;
  private readonly ms: number;

  /** @throws UsageError when not exactly one limit is given, as a number above zero */
  constructor(
    private readonly processes: JobProcesses,
    after: KillAfter,
  ) {
    const given = Object.entries(after);
    const [[key, value] = ['', 0]] = given;
    if (given.length !== 1 || !['batches', 'rows', 'ms'].includes(key) || !(Number(value) > 0)) {
      throw new UsageError('killAfter: write { batches: 3 }, { rows: 1000 } or { ms: 200 }');
    }
    const limits = { batches: Infinity, rows: Infinity, ms: Infinity, ...after };
    this.batches = limits.batches;
    this.rows = limits.rows;
    this.ms = limits.ms;
  }

  /** @param outcome of the first attempt: a job may return before the kill reaches it */
  killed(outcome: string | null | undefined): boolean {
    return this.done && outcome !== 'completed';
  }

  start(input: ThreadInput, memoryLimitMb: number, jobHash?: string): StartedJob {
    const started = this.processes.start(input, memoryLimitMb, jobHash);
    if (!this.done) this.watch(started);
    return started;
  }

  expect(starts: ReadonlyMap<string, number>): void {
    this.processes.expect(starts);
  }

  close(): void {
    this.processes.close();
  }

  private watch(started: StartedJob): void {
    let batches = 0;
    let timer: NodeJS.Timeout | undefined;
    let over = false;
    const kill = () => {
      if (this.done || over) return;
      this.done = true;
      void started.end();
    };
    started.onMessage((message: FromJobProcess) => {
      if (message.type === 'running' && this.ms !== Infinity) timer = setTimeout(kill, this.ms);
      if (message.type === 'progressed') batches += 1;
      const rows = message.type === 'progress' ? Number(message.progress.done ?? 0) : 0;
      if (batches >= this.batches || rows >= this.rows) kill();
      if (message.type === 'returned' || message.type === 'failed') {
        over = true;
        clearTimeout(timer);
      }
    });
    void started.ended.then(() => clearTimeout(timer));
  }
}
