/**
 * A job uses its context in a way that can never work, for instance a walk without a unique index.
 * The message holds names and no values of rows, so it may be shown.
 */
export class JobUsageError extends Error {
  override readonly name = 'JobUsageError';
  /** As in Temporal's ApplicationFailure. Another attempt would fail with the same error. */
  readonly nonRetryable = true;
}
