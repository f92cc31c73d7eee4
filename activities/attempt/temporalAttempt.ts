import type { TemporalSide } from './runAttempt';

/** What the activity knows of its Temporal attempt. */
export interface TemporalAttempt extends TemporalSide {
  readonly runId: string;
  readonly scheduledAt: Date;
  /** As the workflow set it; the job's own option may have changed since. Milliseconds. */
  readonly startToClose: number;
  readonly heartbeatTimeout: number;
  /** Tells the workflow that a row changed, so that it lists again. */
  statusChanged(): Promise<void>;
  /** Tells the workflow that an attempt has begun: else it would show the migration as waiting. */
  began(migration: string, attempt: number): Promise<void>;
}
