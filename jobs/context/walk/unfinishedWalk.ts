/**
 * A walk of this attempt failed, and run() went on. The job is not done, whatever run() returns.
 * The walk's own error is the cause, and decides how the attempt ends.
 */
export class UnfinishedWalk extends Error {
  override readonly name = 'UnfinishedWalk';
  constructor(walk: string, what: string, cause: unknown) {
    super(
      `walk '${walk}' failed in this attempt, and ${what}: let the error of a walk end run(). ` +
        'The next attempt continues where the walk stopped',
      { cause },
    );
  }
}
