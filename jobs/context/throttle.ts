import { duration } from '../../settings/duration';
import type { Attempt } from './attempt';
import { JobUsageError } from './jobUsageError';
import { replicaBehind } from './replicaLag';
import { sleep } from './walk/sleep';

/**
 * Returns the reason to wait ('orders are being imported'), or undefined to go on. Operators see
 * the reason as it is.
 */
export type ThrottleCheck = () => string | undefined | PromiseLike<string | undefined>;

/** Each part of throttling. */
export interface ThrottleOptions {
  /**
   * The share of the time that a lane works, above 0 and up to 1. It rests for the other part.
   * Default: 0.4. After 100 ms of work a lane then rests 150 ms.
   */
  readonly dutyCycle?: number;
  /**
   * The walk waits while a replica is further behind than this. `false` turns this off. Default:
   * '10 seconds'.
   */
  readonly replicaLag?: string | false;
  /**
   * The author's own check. It is called before a batch, at most once per second. Default: none.
   */
  readonly check?: ThrottleCheck;
}

/**
 * `false` turns all throttling off. A function is the author's check. An object sets each part.
 * @example
 * throttle: { dutyCycle: 0.3, replicaLag: '2 seconds' }
 */
export type Throttle = false | ThrottleCheck | ThrottleOptions;

/**
 * With this value most statements of the application meet no batch, so their median time does not
 * change (docs/benchmarks.md). One lane that never rests keeps half of a two-core server busy.
 */
const DUTY_CYCLE = 0.4;
/**
 * Readers of a replica seldom notice seconds. But a replica that is minutes behind can't take over.
 */
const REPLICA_LAG = '10 seconds';
/** Each check costs a query. And one more second of waiting does no harm. */
const CHECK_EVERY_MS = 1_000;

/** Returns a reason to wait, or undefined. */
type Check = () => Promise<string | undefined>;

/** Keeps batches from taking the database away from its application. */
export class Throttler {
  #reason: Promise<string | undefined> | undefined;
  #askedAt = 0;

  constructor(
    private readonly attempt: Attempt,
    readonly dutyCycle: number,
    private readonly checks: readonly Check[],
  ) {}

  /** Waits before a batch until no check gives a reason to wait. The progress shows the reason. */
  async waitForTurn(signal: AbortSignal): Promise<void> {
    let waited = false;
    for (let reason = await this.#ask(); reason; reason = await this.#ask()) {
      waited = true;
      this.attempt.report({ waitingFor: reason });
      await sleep(CHECK_EVERY_MS, signal);
    }
    if (waited) this.attempt.report({ waitingFor: null });
  }

  /** Rests after a batch, in proportion to the time that it kept the database busy. */
  async rest(workedMs: number, signal: AbortSignal): Promise<void> {
    if (this.dutyCycle >= 1 || this.attempt.dry) return;
    await sleep(restMs(workedMs, this.dutyCycle), signal);
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
    for (const check of this.checks) {
      const reason = await check();
      if (reason) return reason;
    }
    return undefined;
  }
}

/** How long a lane rests after work, in milliseconds. */
export function restMs(workedMs: number, dutyCycle: number): number {
  return workedMs * (1 / dutyCycle - 1);
}

/**
 * Makes the throttler for the author's option. It never waits when the attempt is unthrottled.
 * @throws JobUsageError when a value is not allowed.
 */
export function createThrottler(attempt: Attempt, throttle: Throttle = {}): Throttler {
  const options = typeof throttle === 'function' ? { check: throttle } : throttle;
  if (options === false) return new Throttler(attempt, 1, []);
  const { dutyCycle = DUTY_CYCLE, replicaLag = REPLICA_LAG, check } = options;
  if (!(dutyCycle > 0 && dutyCycle <= 1)) {
    throw new JobUsageError(`throttle.dutyCycle is ${dutyCycle}; it must be above 0 and up to 1`);
  }
  const lagMs = replicaLag === false ? undefined : duration(replicaLag);
  if (replicaLag !== false && lagMs === undefined) {
    throw new JobUsageError(`throttle.replicaLag is not a duration; write '10 seconds', or false`);
  }
  if (attempt.unthrottled) return new Throttler(attempt, 1, []);
  return new Throttler(attempt, dutyCycle, [
    ...(lagMs === undefined ? [] : [() => replicaBehind(attempt.db, lagMs)]),
    ...(check ? [async () => (await check()) || undefined] : []),
  ]);
}
