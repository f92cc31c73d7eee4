import type { EarlyTransaction } from './walk/earlyTransaction';

/** What a lane leaves until the database is busy with its next batch. */
interface Left {
  /** Notes a batch that has committed. */
  readonly book: () => Promise<void>;
  /** Begins the transaction of the batch after the next one. Undefined: it is begun when it comes. */
  readonly begin: (() => EarlyTransaction<boolean>) | undefined;
}

/**
 * A lane that waits for its turn, a range or a session must not keep for itself what it has done:
 * operators would not see it, and finished ranges of other lanes could not be folded. Milliseconds.
 */
const LEFT_FOR = 250;

/**
 * The work of ours that a lane does while the database works for its batch. Between two batches the
 * database would wait for it, and with batches of two milliseconds that was a third of the time.
 */
export class Meanwhile {
  #left: Left | undefined;
  #waited: NodeJS.Timeout | undefined;
  #booking: Promise<void> | undefined;
  #early: EarlyTransaction<boolean> | undefined;
  #ms = 0;

  /** To be called after {@link done}. It is done at the next batch, or soon if none comes. */
  leave(left: Left): void {
    this.#left = left;
    this.#waited = setTimeout(() => this.#start(false), LEFT_FOR);
  }

  /** To be called before a batch's own statements. What was left is done after they have been sent. */
  soon(): void {
    if (!this.#left) return;
    // The driver sends in the first of these two. What a body sends later waits for our work.
    setImmediate(() => setImmediate(() => this.#start(true)));
  }

  /**
   * Does what is left, and waits for it. Nothing more is begun.
   * @throws its error
   */
  async done(): Promise<void> {
    this.#start(false);
    const booking = this.#booking;
    this.#booking = undefined;
    this.#ms = 0;
    await booking;
  }

  /** How long it kept the thread busy while the database was, too. Milliseconds, since {@link done}. */
  get ms(): number {
    return this.#ms;
  }

  /** The transaction that was begun for the next batch. Whoever takes it has to use it or end it. */
  early(): EarlyTransaction<boolean> | undefined {
    const early = this.#early;
    this.#early = undefined;
    return early;
  }

  /**
   * To be called when no batch comes any more.
   * @throws the error of what was left
   */
  async end(): Promise<void> {
    try {
      await this.done();
    } finally {
      await this.early()?.end();
    }
  }

  #start(busy: boolean): void {
    const left = this.#left;
    this.#left = undefined;
    clearTimeout(this.#waited);
    if (!left) return;
    const at = performance.now();
    if (busy) this.#early ??= left.begin?.();
    this.#booking = left.book();
    // done() throws it.
    this.#booking.catch(() => {});
    if (busy) this.#ms += performance.now() - at;
  }
}
