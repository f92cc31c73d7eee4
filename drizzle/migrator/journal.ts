import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator';
import { projectFolder } from '../../settings/projectFolder';
import { DEFAULT_SCHEMA } from '../../settings/schemaName';
import { UsageError } from '../../settings/usageError';
import { SCHEMA } from '../ourSchema';

/** Migrations of our own tables ('sql'), or of the samples ('sample'). */
export type MigrationSet = 'sql' | 'sample';

/** One Drizzle migration: an entry of the journal with its file. */
export interface Entry {
  /** Name of the file without '.sql'. */
  readonly tag: string;
  /** Milliseconds since 1970. Drizzle orders by it. */
  readonly when: number;
  /** SHA-256 of the file, computed as Drizzle does. It is the same for every {@link SCHEMA}. */
  readonly hash: string;
  /** What to execute. They name the configured schema, whatever the file names. */
  readonly statements: readonly string[];
}

/**
 * Reads the entries of a set, in the journal's order.
 * @throws UsageError when the journal or one of its files is missing or broken.
 */
export function readJournal(set: MigrationSet): Entry[] {
  const folder = path.join(projectFolder, 'drizzle', set);
  try {
    const tags = readTags(folder);
    return readMigrationFiles({ migrationsFolder: folder }).map((file, index) =>
      entry(tags[index] ?? String(file.folderMillis), file),
    );
  } catch (error) {
    const problem = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new UsageError(`drizzle/${set}: the journal can't be read: ${problem}`);
  }
}

/** Drizzle's own reader does not return the tags. */
function readTags(folder: string): string[] {
  const journal: { entries: { tag: string }[] } = JSON.parse(
    readFileSync(path.join(folder, 'meta', '_journal.json'), 'utf8'),
  );
  return journal.entries.map(({ tag }) => tag);
}

const entry = (tag: string, file: MigrationMeta): Entry => ({
  tag,
  when: file.folderMillis,
  hash: file.hash,
  statements: file.sql.map(inOurSchema),
});

/** drizzle-kit writes the name with quotes, a person often without. */
const NAMED = new RegExp(`"${DEFAULT_SCHEMA}"|\\b${DEFAULT_SCHEMA}\\b(?=\\.)`, 'g');

const inOurSchema = (statement: string): string => statement.replace(NAMED, `"${SCHEMA}"`);
