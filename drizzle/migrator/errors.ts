import type { MigrationSet } from './journal';

/** The journal holds entries that will never be applied unless somebody changes it. */
export class NotApplied extends Error {
  override readonly name = 'NotApplied';
}

/** The SQL of an entry failed. The database is as it was before that entry. */
export class EntryFailed extends Error {
  override readonly name = 'EntryFailed';
  constructor(set: MigrationSet, tag: string, cause: unknown) {
    super(`drizzle/${set}/${tag}.sql failed`, { cause });
  }
}
