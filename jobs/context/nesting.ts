import { AsyncLocalStorage } from 'node:async_hooks';
import { JobUsageError } from './jobUsageError';

type Kind = 'inBatches' | 'forEach';

/**
 * Walks begun inside of another walk's body. By its number one could not be told from the next
 * attempt's: resumed at its third batch, the outer walk would begin 'the second walk' again, which
 * is complete. And a batch that is tried again would begin the same walk twice.
 */
export class Nesting {
  readonly #inside = new AsyncLocalStorage<Kind>();

  /** Marks all that `body` does. */
  within<A extends unknown[], R>(kind: Kind, body: (...args: A) => R): (...args: A) => R {
    return (...args) => this.#inside.run(kind, () => body(...args));
  }

  /** @throws JobUsageError where a walk of that name (undefined: by its number) can't begin. */
  refuse(name: string | undefined): void {
    const outer = this.#inside.getStore();
    if (outer === 'inBatches') {
      throw new JobUsageError("a walk can't begin inside of a batch: do one after the other");
    }
    if (outer === 'forEach' && name === undefined) {
      throw new JobUsageError(
        "a walk inside of forEach needs a 'name' of its own, made of the outer item",
      );
    }
  }
}
