/** A newer attempt has been claimed, so this one must not write any more. Its worker ends it. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
  constructor(migration: string) {
    super(`a newer attempt of ${migration} has begun; this one must not write any more`);
  }
}

/**
 * The database may have lost work of this attempt: its server was restarted or replaced, a backup
 * was restored, or a walked table was replaced. What the attempt has in memory may be wrong. The
 * next attempt reads the stored state and goes on from there.
 */
export class AttemptOutdated extends Error {
  override readonly name = 'AttemptOutdated';
  constructor(what: string) {
    super(`${what}; the next attempt goes on from what is stored`);
  }
}
