import { ApplicationFailure } from '@temporalio/common';

/** A failure after which Temporal tries again. */
export function retryIn(milliseconds: number, message: string): ApplicationFailure {
  return ApplicationFailure.create({
    message,
    type: 'AttemptRetried',
    // 0 would fail the activity for good.
    nextRetryDelay: Math.max(1, milliseconds),
  });
}

/** The migration has failed: Temporal does not try again. */
export function failed(error: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(error, 'MigrationFailed');
}
