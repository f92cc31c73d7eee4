import { duration } from '../../../settings/duration';
import { JobUsageError } from '../jobUsageError';
import { kindOf } from '../optionNames';
import { type HardStopOptions, type HardStops, readHardStops } from './hardStops';

/**
 * Returns the reason to wait ('orders are being imported'), or undefined to go on. Operators see
 * the reason as it is.
 */
export type ThrottleCheck = () => string | undefined | PromiseLike<string | undefined>;

/** Each part of throttling. */
export interface ThrottleOptions extends HardStopOptions {
  /**
   * The factor that the application may be slowed down by, 1.05 to 10. The walk measures it all the
   * time, and works as hard as it allows: at full speed while nobody else uses the database, and with
   * fewer lanes, shorter batches and rests while somebody does. Default: 1.2.
   */
  readonly slowdown?: number | undefined;
  /**
   * Instead of `slowdown`, a fixed share of the time that a lane works, above 0 and up to 1. It rests
   * for the other part: with 0.4, 150 ms after 100 ms of work. Nothing is measured then. Default: none.
   */
  readonly dutyCycle?: number | undefined;
  /**
   * The walk waits while a replica is further behind than this. `false` turns this off. Default:
   * '10 seconds'.
   */
  readonly replicaLag?: string | false | undefined;
  /**
   * The author's own check. It is called before a batch, at most once per second. An error ends the
   * attempt. Default: none.
   */
  readonly check?: ThrottleCheck | undefined;
}

/**
 * `false` turns all throttling off. A function is the author's check. An object sets each part.
 * @example
 * throttle: { slowdown: 1.1, replicaLag: '2 seconds' }
 */
export type Throttle = false | ThrottleCheck | ThrottleOptions;

/** {@link Throttle} with the defaults filled in. */
export interface ResolvedThrottle {
  /** The greatest factor that the application may be slowed down by. Undefined: it is not measured. */
  readonly slowdown: number | undefined;
  /** The share of the time that a lane works, where that is fixed. */
  readonly dutyCycle: number;
  /** Milliseconds. Undefined: replicas may be behind. */
  readonly lagMs: number | undefined;
  /** Undefined: the walk waits for none of them. */
  readonly hardStops: HardStops | undefined;
  readonly check: ThrottleCheck | undefined;
}

/** Users do not notice a fifth. Less is hard to tell from chance. */
const SLOWDOWN = 1.2;
const SLOWDOWN_AT_LEAST = 1.05;
const SLOWDOWN_AT_MOST = 10;
/**
 * Readers of a replica seldom notice seconds. But a replica that is minutes behind can't take over.
 */
const REPLICA_LAG = '10 seconds';

/** As for `throttle: false`. */
export const NO_THROTTLE: ResolvedThrottle = {
  slowdown: undefined,
  dutyCycle: 1,
  lagMs: undefined,
  hardStops: undefined,
  check: undefined,
};

/** @throws JobUsageError that names the first part with a value that is not allowed. */
export function readThrottle(throttle: Throttle = {}): ResolvedThrottle {
  if (throttle === false) return NO_THROTTLE;
  const options = typeof throttle === 'function' ? { check: throttle } : throttle;
  const { dutyCycle, replicaLag = REPLICA_LAG, check } = options;
  requireNumber('dutyCycle', dutyCycle);
  if (dutyCycle !== undefined && !(dutyCycle > 0 && dutyCycle <= 1)) {
    throw new JobUsageError(`throttle.dutyCycle is ${dutyCycle}; it must be above 0 and up to 1`);
  }
  const lagMs = replicaLag === false ? undefined : duration(replicaLag);
  if (replicaLag !== false && lagMs === undefined) {
    throw new JobUsageError(`throttle.replicaLag is not a duration; write '10 seconds', or false`);
  }
  return {
    slowdown: readSlowdown(options),
    dutyCycle: dutyCycle ?? 1,
    lagMs,
    hardStops: readHardStops(options),
    check,
  };
}

/** From JavaScript, '0.4' comes too. */
function requireNumber(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'number') return;
  throw new JobUsageError(`throttle.${name} must be a number, not ${kindOf(value)}`);
}

function readSlowdown({ slowdown, dutyCycle }: ThrottleOptions): number | undefined {
  requireNumber('slowdown', slowdown);
  if (slowdown === undefined) return dutyCycle === undefined ? SLOWDOWN : undefined;
  if (dutyCycle !== undefined) {
    throw new JobUsageError(
      'throttle has slowdown and dutyCycle, which is a fixed speed: leave one of them out',
    );
  }
  if (slowdown >= SLOWDOWN_AT_LEAST && slowdown <= SLOWDOWN_AT_MOST) return slowdown;
  throw new JobUsageError(
    `throttle.slowdown is ${slowdown}; it must be from ${SLOWDOWN_AT_LEAST} to ${SLOWDOWN_AT_MOST}`,
  );
}
