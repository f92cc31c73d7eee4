import type { FailedBatch } from '../../../drizzle/schema';
import type { Attempt } from '../attempt';
import { JobUsageError } from '../jobUsageError';
import { Parts } from '../step/parts';
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
  readonly at: WalkPlace;
  readonly count: Count;
  readonly state: 'running' | 'complete' | 'failed';
  /** The error that it failed with. */
  readonly error?: unknown;
}

/** Where in run() a walk begins. */
export interface WalkPlace {
  /** The name of the step around it. */
  readonly step?: string | undefined;
  /** Whether it is inside of a forEach. */
  readonly inForEach?: boolean;
}

/**
 * What the stored names of a step's walks begin with. So a step that is skipped does not change the
 * numbers of other walks, and no walk of a step is mistaken for one outside of it.
 */
export const inStep = (step: string): string => `step ${JSON.stringify(step)}: `;

/** A longer chain of causes is a loop. */
const CAUSES_AT_MOST = 10;

/** The names, progress and outcomes of all walks, steps and DDL statements of one attempt. */
export class Tally {
  readonly parts = new Parts();
  readonly #walks = new Map<string, Walk>();
  #failed: { readonly batch: FailedBatch; readonly error: unknown } | undefined;
  #closed = false;
  #begunInForEach = 0;

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
    at: WalkPlace = {},
  ): Promise<void> {
    const name = this.#begin(given, over, at);
    try {
      await walk(name);
      this.#change(name, { state: 'complete' });
    } catch (error) {
      this.#change(name, { state: 'failed', error });
      throw error;
    }
  }

  /** Remembers the first batch that ended with an error for good. */
  failed(batch: FailedBatch, error: unknown): void {
    this.#failed ??= { batch, error };
  }

  /** The batch that an error of run() comes from. Undefined when it comes from elsewhere. */
  failedBatch(thrown: unknown): FailedBatch | undefined {
    for (let at = thrown, depth = 0; at instanceof Error && depth < CAUSES_AT_MOST; depth++) {
      if (at === this.#failed?.error) return this.#failed.batch;
      at = at.cause;
    }
    return undefined;
  }

  /** Reports the progress of all walks together. */
  report(name: string, count: Count, details: Readonly<Record<string, string | number>> = {}) {
    this.#change(name, { count });
    this.#report({ walk: name, ...details });
  }

  /** Counts the rows of a step that an earlier attempt has done. */
  skipped(step: string, rows: number): void {
    if (rows === 0) return;
    const count = { done: rows, total: rows };
    this.#walks.set(inStep(step), {
      over: 'a step',
      numbered: false,
      at: { step },
      count,
      state: 'complete',
    });
    this.#report({});
  }

  #report(details: Readonly<Record<string, string | number>>): void {
    let done = 0;
    let total: number | null = 0;
    for (const { count } of this.#walks.values()) {
      done += count.done;
      // An estimate may be too small. The total must not be below what is done.
      total =
        total === null || count.total === null ? null : total + Math.max(count.total, count.done);
    }
    this.attempt.report({ done, total, details });
  }

  /**
   * To be called when run() has returned, or the body of a step.
   * @param step the step of which all must be complete. Default: all of the attempt
   * @throws JobUsageError when a walk still runs; UnfinishedWalk when one failed and run() caught
   *   its error; the same for steps and DDL statements.
   */
  requireComplete(returned = this.#body, step?: string): void {
    for (const [name, { state, error, at }] of this.#walks) {
      if (step !== undefined && at.step !== step) continue;
      if (state === 'running') {
        throw new JobUsageError(
          `${returned} returned while its walk '${name}' was still running: await it ` +
            '(await job.inBatches(…), await job.forEach(…))',
        );
      }
      if (state === 'failed') throw new UnfinishedWalk(name, `${returned} returned anyway`, error);
    }
    this.parts.requireComplete(returned, step);
  }

  /** How many walks have begun inside of a forEach. */
  get begunInForEach(): number {
    return this.#begunInForEach;
  }

  /** Whether a walk of this attempt has failed. */
  hasFailed(): boolean {
    return [...this.#walks.values()].some(({ state }) => state === 'failed');
  }

  /** From now on no walk and no step can begin: verify() decides about what run() has done. */
  close(): void {
    this.#closed = true;
    this.parts.close();
  }

  get #body(): string {
    return this.attempt.direction === 'revert' ? 'revert()' : 'run()';
  }

  #begin(given: string | undefined, over: string, at: WalkPlace): string {
    if (this.#closed) {
      throw new JobUsageError('a walk can begin only in run(), and run() has returned');
    }
    if (given?.startsWith('step "')) {
      throw new JobUsageError(
        `a walk's name can't begin with 'step "': walks of steps are named so`,
      );
    }
    const name = (at.step === undefined ? '' : inStep(at.step)) + (given ?? this.#number(at.step));
    const before = this.#failedBefore(given, name, over, at);
    if (before) {
      const [failed, { error }] = before;
      throw new UnfinishedWalk(failed, `${this.#body} began it again`, error);
    }
    if (this.#walks.has(name))
      throw new JobUsageError(`two walks of this job have the name '${name}'`);
    const count = { done: 0, total: 0 };
    this.#walks.set(name, { over, numbered: given === undefined, at, count, state: 'running' });
    if (at.inForEach === true) this.#begunInForEach += 1;
    return name;
  }

  /**
   * The number of the next walk of run() itself, or of a step. Walks inside of a forEach have names.
   * They don't count: a later attempt that skips the items that are done would give other numbers.
   */
  #number(step: string | undefined): string {
    const before = [...this.#walks.values()].filter(
      ({ at }) => at.step === step && at.inForEach !== true,
    );
    return String(before.length + 1);
  }

  /**
   * Finds the failed walk that run() seems to begin again. Under the next number it would be
   * another walk, and repeat what the failed one has done.
   */
  #failedBefore(
    given: string | undefined,
    name: string,
    over: string,
    at: WalkPlace,
  ): [string, Walk] | undefined {
    return [...this.#walks].find(
      ([each, walk]) =>
        walk.state === 'failed' &&
        (given === undefined
          ? walk.numbered && walk.over === over && walk.at.step === at.step
          : each === name),
    );
  }

  #change(name: string, change: Partial<Walk>): void {
    const walk = this.#walks.get(name);
    if (walk) this.#walks.set(name, { ...walk, ...change });
  }
}
