import { EventEmitter, once } from 'node:events';
import { sleep } from '../walk/sleep';

/** How often it is looked whether the last lane has ended its batch. Milliseconds. */
const LOOK_EVERY = 10;

/** Which lanes may work now. Those that may not wait here, and wake at once when they may. */
export class Turns {
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #working = 0;
  #closed = false;

  /** To be called when a lane that has to wait may have its turn. */
  changed(): void {
    this.#changes.emit('changed');
  }

  /**
   * Waits until `may` is true.
   * @throws the signal's reason, as soon as the signal is aborted
   */
  async until(may: () => boolean, signal: AbortSignal): Promise<void> {
    while (!may()) {
      signal.throwIfAborted();
      await once(this.#changes, 'changed', { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Waits while all lanes pause. */
  open(signal: AbortSignal): Promise<void> {
    return this.until(() => !this.#closed, signal);
  }

  /** Does a batch, or other work that a pause has to wait for. */
  async working<T>(work: () => Promise<T>): Promise<T> {
    this.#working += 1;
    try {
      return await work();
    } finally {
      this.#working -= 1;
    }
  }

  /**
   * Keeps all lanes from working until `during` has ended.
   * @param within how long to wait for those that work. If they take longer, `during` is not called.
   *   Milliseconds
   */
  async pause(within: number, during: () => Promise<void>, signal: AbortSignal): Promise<void> {
    this.#closed = true;
    try {
      const until = performance.now() + within;
      while (this.#working > 0 && performance.now() < until) await sleep(LOOK_EVERY, signal);
      if (this.#working === 0) await during();
    } finally {
      this.#closed = false;
      this.changed();
    }
  }
}
