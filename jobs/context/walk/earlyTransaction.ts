import { AsyncResource } from 'node:async_hooks';
import type { Statement } from '../../../drizzle/statement';
import type { Landed } from '../../../drizzle/transaction';
import type { Transaction } from '../attempt';
import type { Entered } from './tableState';

/** What is done in one transaction of a walk; see TableWalk.transaction. */
export interface Work<T> {
  body(tx: Transaction, entered: Entered): Promise<T>;
  last?: ((result: T) => Statement | undefined) | undefined;
}

/**
 * So long it waits for its work, holding the fence and the table's definition. A claim, a stop or a
 * change of the table waits as long. Milliseconds.
 */
const KEPT_FOR = 250;

/**
 * A transaction of a walk that is begun while the batch before still runs, in another session. Without
 * it, the database would have nothing to do for one round trip, and while we prepare it.
 *
 * It is entered as any other: first the lock, then the check. No newer attempt can be claimed until it
 * ends, so its work may come later.
 */
export class EarlyTransaction<T> {
  readonly #entered: Promise<boolean>;
  readonly #landed: Promise<Landed<T>>;
  readonly #timer: NodeJS.Timeout;
  /** Resolves when its work, or nothing, has come. */
  readonly #decided: Promise<void>;
  #decide: () => void = () => {};
  #work: Work<T> | undefined;
  #over = false;
  #failed = false;

  /** @param begin begins the transaction, and does what it is given in it */
  constructor(begin: (work: Required<Work<T>>) => Promise<Landed<T>>) {
    this.#decided = new Promise((resolve) => {
      this.#decide = resolve;
    });
    let entered: (isIt: boolean) => void = () => {};
    this.#entered = new Promise((resolve) => {
      entered = resolve;
    });
    this.#landed = begin({
      body: async (tx, found) => {
        entered(true);
        await this.#decided;
        if (!this.#work) throw new Error('a transaction was begun early, and nothing came for it');
        return this.#work.body(tx, found);
      },
      last: (result) => this.#work?.last?.(result),
    });
    // Whoever comes for it finds out by `entered`.
    this.#landed.catch(() => {
      this.#failed = true;
      entered(false);
    });
    this.#timer = setTimeout(() => this.#close(), KEPT_FOR);
  }

  /**
   * Does the work in it.
   * @returns undefined when it could not be entered or has waited too long: nothing was done then.
   *   If there is trouble, another transaction meets it, too
   * @throws the error of the work, or that the session was lost while it waited
   */
  async land(work: Work<T>): Promise<Landed<T> | undefined> {
    // A session may take long to be opened, while others are free.
    const entered = await Promise.race([this.#entered, this.#decided]);
    if (!entered || this.#over) return undefined;
    if (!this.#failed) {
      // It was begun elsewhere: the work must find what its own caller has in AsyncLocalStorage.
      this.#work = { ...work, body: AsyncResource.bind(work.body) };
      this.#close();
    }
    return this.#landed;
  }

  /** Ends it if nothing has come for it, and waits until it has ended. */
  async end(): Promise<void> {
    this.#close();
    await this.#landed.catch(() => {});
  }

  #close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#decide();
  }
}
