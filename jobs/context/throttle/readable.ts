import { sqlState } from '../../../drizzle/sqlState';
import type { Log } from '../attempt';

/** After an error, the next try comes this much later. Milliseconds. */
const AGAIN_AFTER = 30_000;
/** A statement was sent together with another one that failed, in its transaction. */
const IN_FAILED_TRANSACTION = '25P02';

/** Which signals can be read. Load is no reason to fail: what can't be read is left out. */
export class Readable {
  readonly #said = new Set<string>();
  readonly #notBefore = new Map<string, number>();

  constructor(private readonly log: Pick<Log, 'warn'>) {}

  /**
   * Does the work, unless it has failed not long ago.
   * @returns whether `what` can be read
   */
  async unlessFailing(what: string, work: () => Promise<void>): Promise<boolean> {
    if (performance.now() < (this.#notBefore.get(what) ?? 0)) return false;
    try {
      await work();
      return true;
    } catch (error) {
      const state = sqlState(error);
      if (state === IN_FAILED_TRANSACTION) return true;
      this.#notBefore.set(what, performance.now() + AGAIN_AFTER);
      this.say(what, `SQLSTATE ${state ?? 'unknown'}`);
      return false;
    }
  }

  /** Says once that something can't be read. */
  say(what: string, why: string): void {
    if (this.#said.has(what)) return;
    this.#said.add(what);
    this.log.warn(`the throttle can't read ${what} (${why}): it goes by its other signals`);
  }
}
