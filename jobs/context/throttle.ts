import { duration } from '../../settings/duration';
import type { Attempt } from './attempt';
import { JobUsageError } from './jobUsageError';
import { replicaBehind } from './replicaLag';
import { sleep } from './walk/sleep';

/** Why to wait ('orders are being imported'), or nothing to go on. Shown to operators as it is. */
export type ThrottleCheck = () => string | undefined | PromiseLike<string | undefined>;

/** The parts of throttling. */
export interface ThrottleOptions {
  /**
   * Part of the time that a lane works, above 0 and up to 1; it rests for the other. Default 0.4:
   * after 100 ms of work a lane rests 150 ms.
   */
  readonly dutyCycle?: number;
  /** Waits while a replica is further behind than this, '10 seconds' by default; false: never. */
  readonly replicaLag?: string | false;
  /** The author's own check, asked before a batch, at most once a second. Default none. */
  readonly check?: ThrottleCheck;
}

/** `false` turns all throttling off, a function is the author's check, an object tunes the parts. */
export type Throttle = false | ThrottleCheck | ThrottleOptions;

/**
 * Most of the application's statements then meet no batch at all, so that their median stays what
 * it is (docs/benchmarks.md). One lane that never rests keeps half of a two-core server busy.
 */
const DUTY_CYCLE = 0.4;
/** Readers of a replica seldom mind seconds; a replica minutes behind can't take over. */
const REPLICA_LAG = '10 seconds';
/** Checks cost a query each. While waiting, a second more doesn't matter either. */
const CHECK_EVERY_MS = 1_000;

/** Reasons to wait, asked one after the other. */
type Check = () => Promise<string | undefined>;

/** Keeps batches from taking the database away from its application. */
export class Throttler {
  #reason: Promise<string | undefined> | undefined;
  #askedAt = 0;

  constructor(
    private readonly attempt: Attempt,
    private readonly dutyCycle: number,
    private readonly checks: readonly Check[],
  ) {}

  /** Waits, before a batch, until nothing speaks against it. The reason shows in progress. */
  async waitForTurn(signal: AbortSignal): Promise<void> {
    let waited = false;
    for (let reason = await this.#ask(); reason; reason = await this.#ask()) {
      waited = true;
      this.attempt.report({ waitingFor: reason });
      await sleep(CHECK_EVERY_MS, signal);
    }
    if (waited) this.attempt.report({ waitingFor: null });
  }

  /** Rests after a batch that took so long. */
  async rest(workedMs: number, signal: AbortSignal): Promise<void> {
    if (this.dutyCycle >= 1) return;
    await sleep(workedMs * (1 / this.dutyCycle - 1), signal);
  }

  /** Lanes share an answer for a second. */
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

/**
 * The throttler that an author's option asks for; none at all when an operator wants it done now.
 * @throws JobUsageError when the option makes no sense.
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
    throw new JobUsageError(`throttle.replicaLag is no duration; write '10 seconds', or false`);
  }
  if (attempt.unthrottled) return new Throttler(attempt, 1, []);
  return new Throttler(attempt, dutyCycle, [
    ...(lagMs === undefined ? [] : [() => replicaBehind(attempt.db, lagMs)]),
    ...(check ? [async () => (await check()) || undefined] : []),
  ]);
}
