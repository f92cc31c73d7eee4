/** A newer attempt has been claimed: this one must not write any more. Its worker ends it. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
  constructor(migration: string) {
    super(`a newer attempt of ${migration} has begun; this one may not write any more`);
  }
}

/**
 * The database is no longer as this attempt left it: its server was restarted or replaced, a backup
 * was restored, a walked table was exchanged. What the attempt has in memory is not to be relied on.
 * The next attempt reads what is stored, and goes on from there.
 */
export class AttemptOutdated extends Error {
  override readonly name = 'AttemptOutdated';
  constructor(what: string) {
    super(`${what}; the next attempt goes on from what is stored`);
  }
}
