/**
 * What a job asks of its context can't be done, now or later: a walk without a unique index, say.
 * The message holds names only, so it may be shown.
 */
export class JobUsageError extends Error {
  override readonly name = 'JobUsageError';
  /** As on Temporal's ApplicationFailure: another attempt would be refused as well. */
  readonly nonRetryable = true;
}
