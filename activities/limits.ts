import { LOOK_BACK } from '../drizzle/rows/outcome';
import type { JobOptions } from '../jobs/context/index';
import { duration } from '../settings/duration';
import {
  MINIMUM_HEARTBEAT_TIMEOUT,
  MINIMUM_START_TO_CLOSE,
  type Settings,
} from '../settings/settings';
import { UsageError } from '../settings/usageError';

/** What an attempt is held to; durations in milliseconds. */
export interface AttemptLimits {
  /** Temporal's limit; its own lies below, see {@link ownLimit}. */
  readonly startToClose: number;
  readonly heartbeatTimeout: number;
  readonly grace: number;
  readonly memoryLimitMb: number;
  readonly maxFailures: number;
}

/** Kept under start-to-close for ending the job's process and its sessions and for writing down the outcome. */
const RESERVE = 2_000;

/**
 * The settings, with what the job says instead.
 * @throws UsageError where a job asks for what can't work.
 */
export function limitsOf(settings: Settings, options: JobOptions): AttemptLimits {
  const startToClose = time(options.startToCloseTimeout) ?? settings.LRM_START_TO_CLOSE;
  const heartbeatTimeout = time(options.heartbeatTimeout) ?? settings.LRM_HEARTBEAT_TIMEOUT;
  if (startToClose < MINIMUM_START_TO_CLOSE) {
    throw new UsageError('options.startToCloseTimeout: 4 seconds at least, to be stopped in time');
  }
  if (heartbeatTimeout < MINIMUM_HEARTBEAT_TIMEOUT) {
    throw new UsageError('options.heartbeatTimeout: 1 second at least');
  }
  const grace = time(options.stopGrace) ?? settings.LRM_STOP_GRACE;
  return {
    startToClose,
    heartbeatTimeout,
    // A short limit must not be all grace.
    grace: Math.min(grace, startToClose / 4),
    memoryLimitMb: options.memoryLimitMb ?? settings.LRM_MEMORY_LIMIT_MB,
    maxFailures: Math.min(LOOK_BACK, options.maxFailures ?? settings.LRM_MAX_FAILURES),
  };
}

/**
 * When an attempt is asked to stop, so that grace and cleaning up end before Temporal hands out the
 * next one: start-to-close − grace − 2 s.
 */
export function ownLimit(limits: AttemptLimits): number {
  return limits.startToClose - limits.grace - RESERVE;
}

function time(text: string | undefined): number | undefined {
  return text === undefined ? undefined : duration(text);
}
