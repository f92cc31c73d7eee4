import type { ActivityCancellationDetails as CancellationDetails } from '@temporalio/common';
import type { HeartbeatDetails } from './progress';

/** What a running attempt needs from Temporal. */
export interface TemporalSide {
  heartbeat(details?: HeartbeatDetails): void;
  /** Aborted on cancellation, pause, reset, shutdown, or when Temporal no longer knows the attempt. */
  readonly signal: AbortSignal;
  readonly cancellation: () => CancellationDetails | undefined;
}

/** Temporal's attempt of the activity, or one that runs without Temporal. */
export interface TemporalAttempt extends TemporalSide {
  readonly runId: string;
  /** The number of the attempt that has sent Temporal the last heartbeat. Undefined: none has. */
  readonly seen: number | undefined;
  /** Null: without Temporal. */
  readonly scheduledAt: Date | null;
  /** As the workflow set it; the job's own option may have changed since. Milliseconds. */
  readonly startToClose: number;
  readonly heartbeatTimeout: number;
  /** Notifies the workflow that a row changed, so that it lists again. */
  statusChanged(): Promise<void>;
  /** Notifies the workflow that an attempt began. Otherwise it would show the migration as waiting. */
  began(migration: string, attempt: number): Promise<void>;
}
