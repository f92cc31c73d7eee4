import { sql } from 'drizzle-orm';
import type { Attempt } from '../attempt';
import { sleep } from './sleep';

/**
 * A look per second costs nearly nothing, and notices within a few batches that they are in the
 * way.
 */
const CHECK_EVERY_MS = 1_000;

/** Checks from time to time whether others wait for locks that the batches hold. */
export class LockWaiters {
  /** Process IDs of the sessions in which a batch runs now. */
  readonly #pids = new Set<number>();

  constructor(private readonly attempt: Attempt) {}

  /** Remembers the session of a batch until `batch` ends. */
  async during<T>(pid: number, batch: () => Promise<T>): Promise<T> {
    this.#pids.add(pid);
    try {
      return await batch();
    } finally {
      this.#pids.delete(pid);
    }
  }

  /** Calls `found` each time somebody waits, until the signal is aborted. */
  async watch(stop: AbortSignal, found: () => void): Promise<void> {
    while (!stop.aborted) {
      await sleep(CHECK_EVERY_MS, stop).catch(() => {});
      // If the check fails, the batches meet the same trouble and throw it.
      if (!stop.aborted && (await this.#anyoneWaits().catch(() => false))) found();
    }
  }

  async #anyoneWaits(): Promise<boolean> {
    if (this.#pids.size === 0) return false;
    const ours = sql.raw(`array[${[...this.#pids].join(', ')}]::int[]`);
    // Not advisory locks: the claim of a newer attempt has to wait for ours.
    const [waiter] = await this.attempt.db.execute(sql`
      select 1 from pg_locks where not granted and locktype <> 'advisory'
        and pid <> all (${ours}) and pg_blocking_pids(pid) && ${ours} limit 1`);
    return waiter !== undefined;
  }
}
