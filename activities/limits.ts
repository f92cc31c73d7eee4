import { LOOK_BACK } from '../drizzle/rows/outcome';
import type { JobOptions } from '../jobs/context/index';
import { duration } from '../settings/duration';
import {
  MINIMUM_HEARTBEAT_TIMEOUT,
  MINIMUM_START_TO_CLOSE,
  type Settings,
} from '../settings/settings';
import { UsageError } from '../settings/usageError';

/** The limits of one attempt. Durations are in milliseconds. */
export interface AttemptLimits {
  /** Temporal's limit. The attempt's own is shorter, see {@link ownLimit}. */
  readonly startToClose: number;
  readonly heartbeatTimeout: number;
  readonly grace: number;
  readonly memoryLimitMb: number;
  readonly maxFailures: number;
}

/**
 * Time before start-to-close to end the job's process and its sessions, and to write the outcome.
 * Milliseconds.
 */
const RESERVE = 2_000;

/**
 * A job's own options, and the settings for what it does not set.
 * @throws UsageError when an option of the job is too short.
 */
export function limitsOf(settings: Settings, options: JobOptions): AttemptLimits {
  const startToClose = time(options.startToCloseTimeout) ?? settings.LRM_START_TO_CLOSE;
  const heartbeatTimeout = time(options.heartbeatTimeout) ?? settings.LRM_HEARTBEAT_TIMEOUT;
  if (startToClose < MINIMUM_START_TO_CLOSE) {
    throw new UsageError(
      'options.startToCloseTimeout: must be at least 4 seconds, or the job cannot be stopped in time',
    );
  }
  if (heartbeatTimeout < MINIMUM_HEARTBEAT_TIMEOUT) {
    throw new UsageError('options.heartbeatTimeout: must be at least 1 second');
  }
  const grace = time(options.stopGrace) ?? settings.LRM_STOP_GRACE;
  return {
    startToClose,
    heartbeatTimeout,
    grace: graceWithin(startToClose, grace),
    memoryLimitMb: options.memoryLimitMb ?? settings.LRM_MEMORY_LIMIT_MB,
    maxFailures: Math.min(LOOK_BACK, options.maxFailures ?? settings.LRM_MAX_FAILURES),
  };
}

/** The timeouts that the workflow has set for an activity. Milliseconds. */
export type ActivityTimeouts = Pick<AttemptLimits, 'startToClose' | 'heartbeatTimeout'>;

/**
 * Replaces both timeouts by those that the workflow has set: Temporal goes by these, and the job's
 * options may have changed since.
 */
export function underTimeouts(limits: AttemptLimits, timeouts: ActivityTimeouts): AttemptLimits {
  const { startToClose, heartbeatTimeout } = timeouts;
  const grace = graceWithin(startToClose, limits.grace);
  return { ...limits, startToClose, heartbeatTimeout, grace };
}

/** Grace takes a quarter of the limit at most, so that most of a short limit is left for the work. */
const graceWithin = (startToClose: number, grace: number): number =>
  Math.min(grace, startToClose / 4);

/**
 * After this time an attempt is asked to stop: start-to-close − grace − 2 s. The grace period and the
 * clean-up then end before Temporal starts the next attempt.
 */
export function ownLimit(limits: AttemptLimits): number {
  return limits.startToClose - limits.grace - RESERVE;
}

function time(text: string | undefined): number | undefined {
  return text === undefined ? undefined : duration(text);
}
