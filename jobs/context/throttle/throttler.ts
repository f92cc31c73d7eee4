import type { Attempt } from '../attempt';
import { sleep } from '../walk/sleep';
import { AUTO_LANES_AT_MOST, guessLanes } from './guessLanes';
import type { Member } from './members';
import type { ResolvedThrottle } from './options';
import type { PaceLoop } from './paceLoop';
import { rest } from './rest';

/** Each check costs a query. And one more second of waiting does no harm. */
const CHECK_EVERY_MS = 1_000;

/** Returns a reason to wait ('WAL archiving is 1.5 GB behind'), or undefined. */
export type Check = () => Promise<string | undefined>;

/** What a throttler is made for. */
export interface ThrottledWalk {
  readonly attempt: Attempt;
  readonly throttle: ResolvedThrottle;
  readonly member: Member;
  readonly checks: readonly Check[];
}

/** Keeps the batches of one walk from taking the database away from its application. */
export class Throttler {
  #reason: Promise<string | undefined> | undefined;
  #askedAt = 0;
  #over = false;
  #lookUps = 0;

  /**
   * @param lanes the number of lanes to start; see {@link mayWork}
   * @param loop undefined: the pace is fixed
   */
  constructor(
    private readonly walk: ThrottledWalk,
    readonly lanes: number,
    private readonly loop: PaceLoop | undefined,
  ) {}

  /** How many lanes may work now. */
  get lanesNow(): number {
    return this.loop ? Math.min(this.lanes, this.loop.lanesOf(this.walk.member)) : this.lanes;
  }

  /** The time that a batch should keep the database busy. Milliseconds. */
  get batchMs(): number {
    const { batchMs } = this.walk.member;
    return this.loop ? Math.min(batchMs, this.loop.pace.batchMs) : batchMs;
  }

  /** Whether the pace follows what is measured. */
  get isMeasured(): boolean {
    return this.loop !== undefined;
  }

  /** The share of the time that a lane works. */
  get dutyCycle(): number {
    return this.loop ? this.loop.pace.duty : this.walk.throttle.dutyCycle;
  }

  /** The factor that the application is slowed down by. Undefined: not measured, or nobody is there. */
  get slowdown(): number | undefined {
    return this.loop?.slowdown;
  }

  /** What operators see of it. */
  get details(): Record<string, string | number> {
    return { lanes: this.lanesNow, ...(this.loop && { throttle: this.loop.text }) };
  }

  /**
   * Waits until the lane may begin a batch.
   * @param lane from 0
   * @returns false when nothing is left for it to do
   */
  async mayWork(lane: number, signal: AbortSignal): Promise<boolean> {
    await this.loop?.turns.until(() => this.#over || lane < this.lanesNow, signal);
    return !this.#over;
  }

  /** To be called when no batch is left: lanes that wait end. */
  over(): void {
    this.#over = true;
    this.loop?.turns.changed();
  }

  /**
   * Waits before a batch until no check gives a reason to wait. The progress shows the reason.
   * @throws what the author's check throws, which ends the attempt
   */
  async waitForTurn(signal: AbortSignal): Promise<void> {
    const { attempt } = this.walk;
    let waited = false;
    for (let reason = await this.#ask(); reason; reason = await this.#ask()) {
      waited = true;
      attempt.report({ waitingFor: reason });
      await sleep(CHECK_EVERY_MS, signal);
    }
    if (waited) attempt.report({ waitingFor: null });
    await this.loop?.turns.open(signal);
  }

  /** Does a batch. */
  working<T>(batch: () => Promise<T>): Promise<T> {
    return this.loop ? this.loop.turns.working(batch) : batch();
  }

  /** To be called when a batch has committed. */
  did(rows: number, ms: number, databaseMs: number): void {
    const now = performance.now();
    this.loop?.did(rows, now - ms, now);
    this.loop?.ended(databaseMs);
  }

  /** @param times how many transactions of the walk have only looked, so far */
  lookedUp(times: number): void {
    for (; this.#lookUps < times; this.#lookUps++) this.loop?.ended(0);
  }

  /** Rests after a batch, in proportion to the time that it kept the database busy. */
  async rest(workedMs: number, signal: AbortSignal): Promise<void> {
    if (this.walk.attempt.dry) return;
    await rest(workedMs, () => this.dutyCycle, signal);
  }

  /** All lanes share the answer for one second. */
  #ask(): Promise<string | undefined> {
    const now = performance.now();
    if (!this.#reason || now - this.#askedAt >= CHECK_EVERY_MS) {
      this.#askedAt = now;
      this.#reason = this.#firstReason();
    }
    return this.#reason;
  }

  async #firstReason(): Promise<string | undefined> {
    for (const check of this.walk.checks) {
      const reason = await check();
      if (reason) return reason;
    }
    return undefined;
  }
}

/**
 * How many lanes a walk has at most. Where nothing is measured, 'auto' is one: nobody could say
 * whether more do harm. Except where an operator waits and has turned the throttle off.
 */
export function lanesOf({ attempt, member, throttle }: ThrottledWalk): number | Promise<number> {
  if (member.lanes !== 'auto') return member.lanes;
  if (attempt.dry) return 1;
  if (attempt.unthrottled) return guessLanes(attempt.db);
  return throttle.slowdown === undefined ? 1 : AUTO_LANES_AT_MOST;
}
