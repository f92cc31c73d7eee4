import { AsyncLocalStorage } from 'node:async_hooks';

/** Milliseconds from a batch's beginning to its end, and those of the database. */
export interface Took {
  readonly ms: number;
  readonly databaseMs: number;
}

/**
 * How long a batch keeps the database busy. A lane rests in proportion to that, so time of the
 * worker's own processor must not count: a job that hashes passwords would rest for nothing.
 */
export class DatabaseTime {
  readonly #begun = performance.now();
  readonly #loop = performance.eventLoopUtilization();
  /** Work elsewhere that is going on, and since when. */
  #running = 0;
  #since = 0;
  #elsewhereMs = 0;

  /** Measures what `body` does with {@link elsewhere}. */
  during<T>(body: () => Promise<T>): Promise<T> {
    return current.run(this, body);
  }

  /**
   * Milliseconds from the beginning until now.
   * @param lanes that share the thread. Its time is taken for theirs in equal parts: a lane that
   *   waits for another one's JavaScript may have a statement in the database meanwhile.
   * @param meanwhile how long the thread was busy while the database was, too. Milliseconds
   */
  read(lanes: number, meanwhile = 0): Took {
    const ms = performance.now() - this.#begun;
    const active = performance.eventLoopUtilization(this.#loop).active - meanwhile;
    return { ms, databaseMs: Math.max(0, ms - this.#elsewhereMs - Math.max(0, active) / lanes) };
  }

  begin(): void {
    if (this.#running === 0) this.#since = performance.now();
    this.#running += 1;
  }

  end(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#elsewhereMs += performance.now() - this.#since;
  }
}

/** The batch whose body is running. Only the author's code leads from there to job.map(). */
const current = new AsyncLocalStorage<DatabaseTime>();

/** Does work that isn't the database's. Its time is taken off the batch's, if it is in one. */
export async function elsewhere<T>(work: () => Promise<T>): Promise<T> {
  const time = current.getStore();
  time?.begin();
  try {
    return await work();
  } finally {
    time?.end();
  }
}
