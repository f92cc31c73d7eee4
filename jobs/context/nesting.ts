import { AsyncLocalStorage } from 'node:async_hooks';
import { JobUsageError } from './jobUsageError';

/** What code may run inside of. 'transaction' is a step with `{ transaction: true }`. */
type Kind = 'inBatches' | 'forEach' | 'step' | 'transaction';

/** A step whose body runs, or did. */
export interface OuterStep {
  readonly name: string;
  /** True once its body has ended: what it did not await still runs, and may begin nothing more. */
  ended: boolean;
}

interface Place {
  /** Of the attempt that it belongs to: a test may run several at once. */
  readonly of: Nesting;
  readonly kind: Kind;
  /** The step around it, if any. */
  readonly step: OuterStep | undefined;
}

/** One for all attempts: Node copies each storage that was ever used to each new promise. */
const inside = new AsyncLocalStorage<Place>();

/**
 * Refuses walks and steps that begin inside of another one's body where two could be mistaken for
 * one. A walk without a name is known by its number. A later attempt that resumes at the third item
 * would begin "the second walk" again: it is complete, so the third item would be skipped. And a
 * batch that is tried again would begin the same walk twice.
 */
export class Nesting {
  /** Makes `body` run inside of a walk of this kind. */
  within<A extends unknown[], R>(
    kind: 'inBatches' | 'forEach',
    body: (...args: A) => R,
  ): (...args: A) => R {
    const step = this.step;
    return (...args) => inside.run({ of: this, kind, step }, () => body(...args));
  }

  /** Runs `body` inside of a step. */
  async inStep<T>(
    kind: 'step' | 'transaction',
    name: string,
    body: () => PromiseLike<T> | T,
  ): Promise<T> {
    const step = { name, ended: false };
    try {
      return await inside.run({ of: this, kind, step }, body);
    } finally {
      step.ended = true;
    }
  }

  /** The step around the code that asks. */
  get step(): OuterStep | undefined {
    return this.#outer?.step;
  }

  /** Whether the code that asks runs inside of a forEach. */
  get inForEach(): boolean {
    return this.#outer?.kind === 'forEach';
  }

  /**
   * @throws JobUsageError when a walk of this name (undefined: without a name) can't begin here.
   */
  refuse(name: string | undefined): void {
    const outer = this.#outer;
    if (outer?.kind === 'inBatches') {
      throw new JobUsageError("a walk can't begin inside of a batch: do one after the other");
    }
    if (outer?.kind === 'forEach' && name === undefined) {
      throw new JobUsageError(
        "a walk inside of forEach needs a 'name' of its own, made from the outer item",
      );
    }
    this.#refuseIn(outer, 'a walk');
  }

  /** @throws JobUsageError when a step can't begin here. */
  refuseStep(name: string): void {
    const outer = this.#outer;
    if (outer?.kind === 'inBatches' || outer?.kind === 'forEach') {
      throw new JobUsageError(
        `step '${name}' can't begin inside of ${outer.kind}: done for one item, it would be skipped ` +
          'for all others',
      );
    }
    this.#refuseIn(outer, `step '${name}'`);
    if (outer) {
      throw new JobUsageError(
        `step '${name}' can't begin inside of step '${outer.step?.name}': do one after the other`,
      );
    }
  }

  /** @throws JobUsageError when a DDL statement would wait for the transaction that it begins in. */
  refuseDdl(what: string): void {
    const outer = this.#outer;
    if (outer?.kind === 'inBatches') {
      throw new JobUsageError(`${what} would wait for its own batch: do one after the other`);
    }
    this.#refuseIn(outer, what);
  }

  get #outer(): Place | undefined {
    const place = inside.getStore();
    return place?.of === this ? place : undefined;
  }

  #refuseIn(outer: Place | undefined, what: string): void {
    if (outer?.kind === 'transaction') {
      throw new JobUsageError(
        `${what} can't begin inside of a step with { transaction: true }: it would not be part of ` +
          "the step's transaction",
      );
    }
    if (outer?.step?.ended) {
      throw new JobUsageError(
        `${what} can't begin after its step '${outer.step.name}' has ended: await all that a step does`,
      );
    }
  }
}
