/** A newer attempt has been claimed: this one must not write any more. Its worker ends it. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
  constructor(migration: string) {
    super(`a newer attempt of ${migration} has begun; this one may not write any more`);
  }
}
