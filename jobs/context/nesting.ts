import { AsyncLocalStorage } from 'node:async_hooks';
import { JobUsageError } from './jobUsageError';

type Kind = 'inBatches' | 'forEach';

/**
 * Refuses walks that begin inside of another walk's body where two could be mistaken for one. A
 * walk without a name is known by its number. A later attempt that resumes at the third item would
 * begin "the second walk" again: it is complete, so the third item would be skipped. And a batch
 * that is tried again would begin the same walk twice.
 */
export class Nesting {
  readonly #inside = new AsyncLocalStorage<Kind>();

  /** Makes `body` run inside of a walk of this kind. */
  within<A extends unknown[], R>(kind: Kind, body: (...args: A) => R): (...args: A) => R {
    return (...args) => this.#inside.run(kind, () => body(...args));
  }

  /**
   * @throws JobUsageError when a walk of this name (undefined: without a name) can't begin here.
   */
  refuse(name: string | undefined): void {
    const outer = this.#inside.getStore();
    if (outer === 'inBatches') {
      throw new JobUsageError("a walk can't begin inside of a batch: do one after the other");
    }
    if (outer === 'forEach' && name === undefined) {
      throw new JobUsageError(
        "a walk inside of forEach needs a 'name' of its own, made from the outer item",
      );
    }
  }
}
