import { JobUsageError } from '../jobUsageError';
import { UnfinishedStep } from './unfinishedStep';

interface Part {
  /** The step that it was begun in. */
  readonly step: string | undefined;
  readonly state: 'running' | 'done' | 'failed';
  /** The error that it failed with. */
  readonly error?: unknown;
}

/** How the steps and the DDL statements of one attempt ended, by what they are: "step 'swap'". */
export class Parts {
  readonly #parts = new Map<string, Part>();
  #closed = false;

  /** From now on nothing can begin. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Runs a step, which has to be the only one of its name.
   * @throws JobUsageError when another step has the name: it would be taken for done; UnfinishedStep
   *   when it failed before in this attempt. Begun again, it would not know which of its walks are
   *   which.
   */
  once<T>(what: string, work: () => Promise<T>): Promise<T> {
    const before = this.#parts.get(what);
    if (before?.state === 'failed') {
      throw new UnfinishedStep(what, 'it was begun again', before.error);
    }
    if (before) throw new JobUsageError(`this job has two of ${what}: give each a name of its own`);
    return this.repeatable(what, undefined, work);
  }

  /** Runs what may be done again after it failed: the last time counts. */
  async repeatable<T>(what: string, step: string | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      throw new JobUsageError(`${what} can begin only in run(), and run() has returned`);
    }
    this.#parts.set(what, { step, state: 'running' });
    try {
      const result = await work();
      this.#parts.set(what, { step, state: 'done' });
      return result;
    } catch (error) {
      this.#parts.set(what, { step, state: 'failed', error });
      throw error;
    }
  }

  /**
   * To be called when run() or a step's body has returned.
   * @param step of which all parts must be done. Default: of all.
   * @param returned what has returned
   */
  requireComplete(returned: string, step?: string): void {
    for (const [what, part] of this.#parts) {
      if (step !== undefined && part.step !== step) continue;
      if (part.state === 'running') {
        throw new JobUsageError(`${returned} returned while ${what} was still running: await it`);
      }
      if (part.state === 'failed') {
        throw new UnfinishedStep(what, `${returned} returned anyway`, part.error);
      }
    }
  }
}
