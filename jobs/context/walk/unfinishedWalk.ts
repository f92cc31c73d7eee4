/**
 * A walk of this attempt failed, and run() went on: the job is not done, whatever run() returns.
 * The error that the walk failed with is the cause, and decides what becomes of the attempt.
 */
export class UnfinishedWalk extends Error {
  override readonly name = 'UnfinishedWalk';
  constructor(walk: string, what: string, cause: unknown) {
    super(
      `walk '${walk}' failed in this attempt, and ${what}: let the error of a walk end run(), ` +
        'the next attempt goes on where the walk stopped',
      { cause },
    );
  }
}
