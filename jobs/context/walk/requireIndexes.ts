import type { Database } from '../attempt';
import type { CatalogColumn } from '../catalogColumns';
import { JobUsageError } from '../jobUsageError';
import { beginsWith, findIndexes, type Index, orderFlaw, uniqueFlaw } from './indexes';
import { type Operators, operatorsOf } from './operators';
import { findUnordered } from './unordered';

/** The part of a key that is needed to find its indexes. */
export interface KeyToCheck {
  readonly tableId: string;
  readonly tableName: string;
  readonly columns: readonly CatalogColumn[];
  /** Rows may share the values of the columns: a walk takes all rows with the same values at once. */
  readonly grouped: boolean;
}

/**
 * Finds the indexes that a walk along the columns depends on: one that it can follow and, unless it
 * goes along groups, one that always keeps the key unique. Often this is the same index. Without
 * them, batches would grow without limit, or sort the whole table.
 * @returns the OIDs of the indexes, and the operators of the columns
 * @throws JobUsageError that says what is missing.
 */
export async function requireIndexes(
  db: Pick<Database, 'execute'>,
  key: KeyToCheck,
): Promise<{ indexIds: string[]; operators: Operators[] }> {
  requireOwnTexts(key);
  const indexes = await findIndexes(db, key.tableId);
  const { followed, unique } = await choose(db, indexes, key);
  const operators = followed.operators.filter(({ column }) => column <= key.columns.length);
  return {
    indexIds: [...new Set([followed.id, unique.id])],
    operators: operatorsOf(operators),
  };
}

/**
 * The text of regclass and the like is the name of something, which may come to name something else
 * while a walk is under way. Its stored ranges would then mean other rows.
 */
function requireOwnTexts({ tableName, columns }: KeyToCheck): void {
  const named = columns.find(({ baseType }) => /^pg_catalog\._?reg/.test(baseType));
  if (!named) return;
  throw new JobUsageError(
    `${tableName}.${named.name} has the type ${named.type}, whose values change their text when ` +
      'what they refer to is renamed: walk along another key',
  );
}

async function choose(
  db: Pick<Database, 'execute'>,
  indexes: readonly Index[],
  key: KeyToCheck,
): Promise<Chosen> {
  try {
    return key.grouped ? forGroups(indexes, key) : forKey(indexes, key);
  } catch (error) {
    const unordered = await findUnordered(db, key.columns);
    if (!unordered) throw error;
    throw new JobUsageError(
      `${key.tableName}.${unordered.name} has the type ${unordered.type}, which has no order: ` +
        'walk along another key',
    );
  }
}

interface Chosen {
  readonly followed: Index;
  /** The same one where uniqueness does not matter. */
  readonly unique: Index;
}

function forGroups(indexes: readonly Index[], key: KeyToCheck): Chosen {
  const candidates = indexes.filter((index) => beginsWith(index, key.columns));
  const followed = candidates.find((index) => !orderFlaw(index, key.columns));
  if (followed) return { followed, unique: followed };
  const why = reasons(candidates, (index) => orderFlaw(index, key.columns));
  throw new JobUsageError(
    `${key.tableName} has no index that begins with (${names(key)})${why}: ` +
      'create one (CREATE INDEX CONCURRENTLY), or group by other columns',
  );
}

function forKey(indexes: readonly Index[], key: KeyToCheck): Chosen {
  const { columns } = key;
  const exact = indexes.filter(
    (index) => beginsWith(index, columns) && index.columns.length === columns.length,
  );
  const flaw = (index: Index) => uniqueFlaw(index, columns) ?? orderFlaw(index, columns);
  const sound = exact.find((index) => !flaw(index));
  if (sound) return { followed: sound, unique: sound };
  // Rows that differ in a part of the key differ in the key.
  const unique = indexes.find((index) => isWithin(index, columns) && !uniqueFlaw(index, columns));
  if (!unique) {
    throw new JobUsageError(
      `${key.tableName} has no unique index on exactly (${names(key)})${reasons(exact, flaw)}: ` +
        'create one (CREATE UNIQUE INDEX CONCURRENTLY), or walk along another key',
    );
  }
  const candidates = indexes.filter((index) => beginsWith(index, columns));
  const followed = candidates.find((index) => !orderFlaw(index, columns));
  if (followed) return { followed, unique };
  const why = reasons(candidates, (index) => orderFlaw(index, columns));
  throw new JobUsageError(
    `${key.tableName} has no index that begins with (${names(key)})${why}: ` +
      'create one (CREATE INDEX CONCURRENTLY), or walk along another key',
  );
}

/** Whether the key holds all columns of the index. */
function isWithin(index: Index, columns: readonly CatalogColumn[]): boolean {
  return index.columns.every((number) => columns.some((column) => column.number === number));
}

function names(key: KeyToCheck): string {
  return key.columns.map(({ name }) => name).join(', ');
}

function reasons(candidates: readonly Index[], flaw: (index: Index) => string | undefined): string {
  return candidates.map((index) => `; ${index.name} ${flaw(index)}`).join('');
}
