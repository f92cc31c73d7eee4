/**
 * The operator's or the author's input is wrong. `lrm` and the worker show the message as one line,
 * without a stack trace, and exit with code 2.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
