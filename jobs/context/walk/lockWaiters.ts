import { sql } from 'drizzle-orm';
import type { Attempt } from '../attempt';
import { sleep } from './sleep';

/**
 * Seldom enough to cost nothing, often enough to notice within a few batches that one is in the
 * way.
 */
const CHECK_EVERY_MS = 1_000;

/** Looks now and then whether others wait for locks that the batches hold. */
export class LockWaiters {
  /** Sessions in which a batch runs now. */
  readonly #pids = new Set<number>();

  constructor(private readonly attempt: Attempt) {}

  /** Counts the session among the batches' until `batch` ends. */
  async during<T>(pid: number, batch: () => Promise<T>): Promise<T> {
    this.#pids.add(pid);
    try {
      return await batch();
    } finally {
      this.#pids.delete(pid);
    }
  }

  /** Calls `found` whenever somebody waits, until the signal is aborted. */
  async watch(stop: AbortSignal, found: () => void): Promise<void> {
    while (!stop.aborted) {
      await sleep(CHECK_EVERY_MS, stop).catch(() => {});
      // Should the look fail, the batches meet the same trouble, and say so.
      if (!stop.aborted && (await this.#anyoneWaits().catch(() => false))) found();
    }
  }

  async #anyoneWaits(): Promise<boolean> {
    if (this.#pids.size === 0) return false;
    const ours = sql.raw(`array[${[...this.#pids].join(', ')}]::int[]`);
    // Advisory locks are left out: a newer attempt's claim waits for ours, and rightly.
    const [waiter] = await this.attempt.db.execute(sql`
      select 1 from pg_locks where not granted and locktype <> 'advisory'
        and pid <> all (${ours}) and pg_blocking_pids(pid) && ${ours} limit 1`);
    return waiter !== undefined;
  }
}
