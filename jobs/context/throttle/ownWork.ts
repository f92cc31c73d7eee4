import type { Work } from './canary';

/** How long a measured relation counts: lanes and batches change in this time. Milliseconds. */
const FORGET_MS = 20_000;

/**
 * What we do to the database: this attempt, and those beside it.
 *
 * How long the server worked for a transaction of ours can't be told by our own clock: to it belong
 * the network, and the wait for a busy thread. So it is corrected by how often our sessions are seen
 * at work.
 */
export class OwnWork {
  #commits = 0;
  /** As the clients' clocks say. Milliseconds. */
  #clientMs = 0;
  #activeMs = 0;
  /** Since the last look. */
  #newMs = 0;
  #seenMs = 0;
  #saidMs = 0;
  #lookedAt: number | undefined;
  readonly #others = new Map<string, Work>();
  #othersCommits = 0;
  #othersActiveMs = 0;
  #beside = 0;
  #listed = false;

  ended(transactions: number, clientMs: number): void {
    this.#commits += transactions;
    this.#clientMs += clientMs;
    this.#newMs += clientMs;
  }

  /** Time that the server itself has measured. */
  measured(ms: number): void {
    this.#activeMs += ms;
  }

  /** What this attempt has done. */
  get own(): Work {
    return { commits: this.#commits, activeMs: this.#activeMs };
  }

  /** What all attempts have done since this one looked first. */
  get all(): Work {
    return {
      commits: this.#commits + this.#othersCommits,
      activeMs: this.#activeMs + this.#othersActiveMs,
    };
  }

  /** How many attempts are beside this one. */
  get beside(): number {
    return this.#beside;
  }

  /**
   * @param at the server's clock, milliseconds
   * @param busy how many sessions of this attempt the server works for
   */
  looked(at: number, busy: number, others: ReadonlyMap<string, Work>): void {
    const elapsed = Math.max(0, at - (this.#lookedAt ?? at));
    const kept = Math.exp(-elapsed / FORGET_MS);
    this.#seenMs = this.#seenMs * kept + busy * elapsed;
    this.#saidMs = this.#saidMs * kept + this.#newMs;
    if (this.#saidMs > 0) this.#activeMs += (this.#newMs * this.#seenMs) / this.#saidMs;
    this.#newMs = 0;
    this.#lookedAt = at;
    this.#addOthers(others);
  }

  #addOthers(others: ReadonlyMap<string, Work>): void {
    for (const [session, now] of others) {
      // One that came later has begun at 0. Those of the first look have worked before it.
      const before = this.#others.get(session) ?? (this.#listed ? NOTHING : now);
      this.#othersCommits += Math.max(0, now.commits - before.commits);
      this.#othersActiveMs += Math.max(0, now.activeMs - before.activeMs);
      this.#others.set(session, now);
    }
    // Those that are gone are kept: one whose row is missed once must not count from 0 again.
    this.#beside = others.size;
    this.#listed = true;
  }
}

const NOTHING: Work = { commits: 0, activeMs: 0 };
