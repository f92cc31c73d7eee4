import path from 'node:path';
import type { JobProcess } from './jobProcess';
import type { ThreadInput } from './messages';

/** Whatever adds up in a process must not go on for ever. */
const USES_AT_MOST = 100;

interface Idle {
  readonly jobProcess: JobProcess;
  readonly use: string;
  /** The job's. */
  readonly file: string;
}

/**
 * Job processes whose attempt has ended well, with a new thread: to start one takes a third of the time
 * of a process. Only attempts that run the same code within the same limit, in the same direction, get
 * one, so that what a job may leave in a process never meets another job.
 */
export class RenewedJobProcesses {
  private readonly idle: Idle[] = [];
  /** Uses whose last process could be renewed. So those at work are expected to be. */
  private readonly renewable = new Set<string>();
  private readonly atWork = new Map<JobProcess, string>();
  /** How often each was renewed. */
  private readonly renewals = new WeakMap<JobProcess, number>();

  constructor(private readonly usesAtMost = USES_AT_MOST) {}

  /** An attempt begins in the process. */
  began(jobProcess: JobProcess, use: string | undefined): void {
    if (use !== undefined) this.atWork.set(jobProcess, use);
  }

  /** The process is kept, or has ended. */
  over(jobProcess: JobProcess): void {
    this.atWork.delete(jobProcess);
  }

  take(use: string | undefined): JobProcess | undefined {
    const at = this.idle.findIndex((each) => each.use === use && each.jobProcess.isAlive);
    return at < 0 ? undefined : this.idle.splice(at, 1)[0]?.jobProcess;
  }

  /** @returns false when it can't be kept, and has to be ended */
  async keep(jobProcess: JobProcess, use: string, file: string): Promise<boolean> {
    const renewals = (this.renewals.get(jobProcess) ?? 0) + 1;
    if (renewals >= this.usesAtMost) return false;
    this.renewals.set(jobProcess, renewals);
    const renewed = await jobProcess.renew();
    if (!renewed) {
      this.renewable.delete(use);
      return false;
    }
    this.renewable.add(use);
    this.idle.push({ jobProcess, use, file });
    // Nothing has begun in it, so it has nothing to say.
    jobProcess.onMessage(() => this.drop(jobProcess) && void jobProcess.end());
    void jobProcess.ended.then(() => this.drop(jobProcess));
    return true;
  }

  /**
   * Ends those that are more than the attempts to come of their job.
   * @param coming by the job's file
   */
  endAllBut(coming: ReadonlyMap<string, number>): void {
    const kept = new Map<string, number>();
    for (const { jobProcess, file } of [...this.idle]) {
      const count = (kept.get(file) ?? 0) + 1;
      kept.set(file, count);
      if (count > (coming.get(file) ?? 0) && this.drop(jobProcess)) void jobProcess.end();
    }
  }

  /** For one use, or of all. */
  count(use?: string): number {
    return use === undefined
      ? this.idle.length
      : this.idle.filter((each) => each.use === use).length;
  }

  /** How many are at work that are likely to be kept. */
  get coming(): number {
    return [...this.atWork.values()].filter((use) => this.renewable.has(use)).length;
  }

  private drop(jobProcess: JobProcess): boolean {
    const at = this.idle.findIndex((each) => each.jobProcess === jobProcess);
    if (at >= 0) this.idle.splice(at, 1);
    return at >= 0;
  }
}

/**
 * What a renewed process may be used for. Undefined: for nothing more, because it is not known what code
 * has run in it, or because the code was compiled there (tsx starts a process, and changes Node's loader).
 */
export function useOf(
  input: ThreadInput,
  memoryLimitMb: number,
  jobHash: string | undefined,
): string | undefined {
  if (input.task !== 'run' || jobHash === undefined) return undefined;
  if (path.extname(input.file) === '.ts') return undefined;
  return JSON.stringify([input.file, jobHash, input.direction, memoryLimitMb]);
}
