import type { Attempt } from '../attempt';
import { JobUsageError } from '../jobUsageError';
import { UnfinishedWalk } from './unfinishedWalk';

interface Count {
  readonly done: number;
  readonly total: number | null;
}

/** A walk that this attempt has begun. */
interface Walk {
  /** The table's name, or what else it goes over. */
  readonly over: string;
  /** Whether its name is its number. */
  readonly numbered: boolean;
  readonly count: Count;
  readonly state: 'running' | 'complete' | 'failed';
  /** What it failed with. */
  readonly error?: unknown;
}

/** Names, progress and ends of all the walks of one attempt. */
export class Tally {
  readonly #walks = new Map<string, Walk>();

  constructor(private readonly attempt: Pick<Attempt, 'report'>) {}

  /**
   * Does one walk, under the given name or its number, and notes how it ended.
   * @param over the table's name, or what else it goes over
   * @throws JobUsageError when the job has walked under that name before: it would be taken for
   *   done; UnfinishedWalk when that very walk has failed before in this attempt.
   */
  async track(
    given: string | undefined,
    over: string,
    walk: (name: string) => Promise<void>,
  ): Promise<void> {
    const name = this.#begin(given, over);
    try {
      await walk(name);
      this.#change(name, { state: 'complete' });
    } catch (error) {
      this.#change(name, { state: 'failed', error });
      throw error;
    }
  }

  /** Reports how far all walks are, together. */
  report(name: string, count: Count, details: Readonly<Record<string, string | number>> = {}) {
    this.#change(name, { count });
    let done = 0;
    let total: number | null = 0;
    for (const { count } of this.#walks.values()) {
      done += count.done;
      // An estimate that turns out too small gives way.
      total =
        total === null || count.total === null ? null : total + Math.max(count.total, count.done);
    }
    this.attempt.report({ done, total, details: { walk: name, ...details } });
  }

  /**
   * To be called when run() has returned.
   * @throws JobUsageError when a walk still runs; UnfinishedWalk when one has failed and run() went
   *   on.
   */
  requireComplete(): void {
    for (const [name, { state, error }] of this.#walks) {
      if (state === 'running') {
        throw new JobUsageError(
          `run() returned while its walk '${name}' was still running: await it ` +
            '(await job.inBatches(…), await job.forEach(…))',
        );
      }
      if (state === 'failed') throw new UnfinishedWalk(name, 'run() returned all the same', error);
    }
  }

  #begin(given: string | undefined, over: string): string {
    const name = given ?? String(this.#walks.size + 1);
    const before = this.#failedBefore(given, over);
    if (before) {
      const [failed, { error }] = before;
      throw new UnfinishedWalk(failed, 'run() began it once more', error);
    }
    if (this.#walks.has(name))
      throw new JobUsageError(`two walks of this job have the name '${name}'`);
    const count = { done: 0, total: 0 };
    this.#walks.set(name, { over, numbered: given === undefined, count, state: 'running' });
    return name;
  }

  /**
   * A failed walk that seems to be begun once more. By the next number it would be another walk,
   * and do again what this one has done.
   */
  #failedBefore(given: string | undefined, over: string): [string, Walk] | undefined {
    return [...this.#walks].find(
      ([name, walk]) =>
        walk.state === 'failed' &&
        (given === undefined ? walk.numbered && walk.over === over : name === given),
    );
  }

  #change(name: string, change: Partial<Walk>): void {
    const walk = this.#walks.get(name);
    if (walk) this.#walks.set(name, { ...walk, ...change });
  }
}
