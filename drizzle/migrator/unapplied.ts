import type { Sql } from '../connect';
import { SCHEMA } from '../ourSchema';
import { type Entry, type MigrationSet, readJournal } from './journal';

/**
 * The table that records the applied entries of each set. Not Drizzle's default table, which the
 * application uses in the same database.
 */
export const appliedTable: Readonly<Record<MigrationSet, string>> = {
  sql: `${SCHEMA}.schema_migrations`,
  sample: `${SCHEMA}.sample_schema_migrations`,
};

/** Why an entry of the journal is not in the database. */
export type Why =
  | 'new' // newer than all applied entries; `lrm migrate` will apply it
  | 'skipped' // older than the newest applied entry, so never applied
  | 'edited'; // applied, but its file was changed afterwards

/** An entry of the journal that the database lacks. */
export interface Unapplied {
  readonly entry: Entry;
  readonly why: Why;
}

/** An applied entry, as recorded in the database. */
interface Applied {
  readonly hash: string;
  readonly when: number;
}

/** Returns the entries that a database lacks, compared by hash. */
export async function unappliedEntries(sql: Sql, set: MigrationSet = 'sql'): Promise<Unapplied[]> {
  const applied = await readApplied(sql, set);
  const hashes = new Set(applied.map(({ hash }) => hash));
  return readJournal(set)
    .filter(({ hash }) => !hashes.has(hash))
    .map((entry) => ({ entry, why: why(entry, applied) }));
}

/**
 * Returns the names of entries that this code needs and the database lacks. A worker must not start
 * without them. Edited entries are not among them: the database has their first version.
 */
export async function missingEntries(sql: Sql): Promise<string[]> {
  const unapplied = await unappliedEntries(sql);
  return unapplied.filter(({ why }) => why !== 'edited').map(({ entry }) => entry.tag);
}

/** Says why `lrm migrate` can't apply some entries, and what to do; undefined if it can. */
export function explainUnappliable(set: MigrationSet, entries: Unapplied[]): string | undefined {
  const skipped = tags(entries, 'skipped');
  const edited = tags(entries, 'edited');
  const lines = [];
  if (skipped) {
    lines.push(
      `not applied, because they are older than the newest applied one: ${skipped} (give each a ` +
        `"when" in drizzle/${set}/meta/_journal.json later than all others, and run npx lrm migrate)`,
    );
  }
  if (edited) {
    lines.push(
      `changed after they were applied: ${edited} (restore the files in drizzle/${set}, and put ` +
        'the change into a new migration)',
    );
  }
  return lines.length > 0 ? lines.join('; ') : undefined;
}

async function readApplied(sql: Sql, set: MigrationSet): Promise<Applied[]> {
  const table = appliedTable[set];
  const [found] = await sql<
    { there: boolean }[]
  >`select to_regclass(${table}) is not null as there`;
  if (!found?.there) return [];
  const rows = await sql<{ hash: string; created_at: string }[]>`
    select hash, created_at from ${sql(table)}`;
  return rows.map((row) => ({ hash: row.hash, when: Number(row.created_at) }));
}

function why(entry: Entry, applied: readonly Applied[]): Why {
  if (applied.some(({ when }) => when === entry.when)) return 'edited';
  return applied.some(({ when }) => when > entry.when) ? 'skipped' : 'new';
}

const tags = (entries: Unapplied[], reason: Why): string =>
  entries
    .filter(({ why }) => why === reason)
    .map(({ entry }) => entry.tag)
    .join(', ');
