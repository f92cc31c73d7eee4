import type { Attempt } from '../attempt';
import { JobUsageError } from '../jobUsageError';
import { UnfinishedWalk } from './unfinishedWalk';

interface Count {
  readonly done: number;
  readonly total: number | null;
}

/** A walk that this attempt has begun or continued. */
interface Walk {
  /** The table's name, or 'items'. */
  readonly over: string;
  /** Whether its name is its number. */
  readonly numbered: boolean;
  readonly count: Count;
  readonly state: 'running' | 'complete' | 'failed';
  /** The error that it failed with. */
  readonly error?: unknown;
}

/** The names, progress and outcomes of all walks of one attempt. */
export class Tally {
  readonly #walks = new Map<string, Walk>();
  #closed = false;

  constructor(private readonly attempt: Pick<Attempt, 'report' | 'direction'>) {}

  /**
   * Runs one walk under the given name or its number, and remembers how it ended.
   * @param over the table's name, or 'items'
   * @throws JobUsageError when another walk of this attempt has that name: the second one would be
   *   taken for done; UnfinishedWalk when this walk has failed before in this attempt.
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

  /** Reports the progress of all walks together. */
  report(name: string, count: Count, details: Readonly<Record<string, string | number>> = {}) {
    this.#change(name, { count });
    let done = 0;
    let total: number | null = 0;
    for (const { count } of this.#walks.values()) {
      done += count.done;
      // An estimate may be too small. The total must not be below what is done.
      total =
        total === null || count.total === null ? null : total + Math.max(count.total, count.done);
    }
    this.attempt.report({ done, total, details: { walk: name, ...details } });
  }

  /**
   * To be called when run() has returned.
   * @throws JobUsageError when a walk still runs; UnfinishedWalk when one failed and run() caught
   *   its error.
   */
  requireComplete(): void {
    for (const [name, { state, error }] of this.#walks) {
      if (state === 'running') {
        throw new JobUsageError(
          `${this.#body} returned while its walk '${name}' was still running: await it ` +
            '(await job.inBatches(…), await job.forEach(…))',
        );
      }
      if (state === 'failed')
        throw new UnfinishedWalk(name, `${this.#body} returned anyway`, error);
    }
  }

  /** Whether a walk of this attempt has failed. */
  hasFailed(): boolean {
    return [...this.#walks.values()].some(({ state }) => state === 'failed');
  }

  /** From now on no walk can begin: verify() decides about what run() has done. */
  close(): void {
    this.#closed = true;
  }

  get #body(): string {
    return this.attempt.direction === 'revert' ? 'revert()' : 'run()';
  }

  #begin(given: string | undefined, over: string): string {
    if (this.#closed) {
      throw new JobUsageError('a walk can begin only in run(), and run() has returned');
    }
    const name = given ?? String(this.#walks.size + 1);
    const before = this.#failedBefore(given, over);
    if (before) {
      const [failed, { error }] = before;
      throw new UnfinishedWalk(failed, `${this.#body} began it again`, error);
    }
    if (this.#walks.has(name))
      throw new JobUsageError(`two walks of this job have the name '${name}'`);
    const count = { done: 0, total: 0 };
    this.#walks.set(name, { over, numbered: given === undefined, count, state: 'running' });
    return name;
  }

  /**
   * Finds the failed walk that run() seems to begin again. Under the next number it would be
   * another walk, and repeat what the failed one has done.
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
