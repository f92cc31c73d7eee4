/**
 * A step or a DDL statement of this attempt failed, and run() went on. The job is not done, whatever
 * run() returns. Its own error is the cause, and decides how the attempt ends.
 */
export class UnfinishedStep extends Error {
  override readonly name = 'UnfinishedStep';
  constructor(what: string, then: string, cause: unknown) {
    super(`${what} failed in this attempt, and ${then}: let its error end the attempt`, { cause });
  }
}
