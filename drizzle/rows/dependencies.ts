import { inArray } from 'drizzle-orm';
import type { Database } from '../database';
import { type Migration, type MigrationStatus, migrations } from '../schema';
import { statusText } from './direction';

/** A migration that has to be completed before another one begins. */
export interface Dependency {
  readonly name: string;
  /** Statuses that are as good as `completed` for the one that waits. */
  readonly or: readonly MigrationStatus[];
}

/**
 * Returns the dependencies that are still waited for, as '0001_a (in_progress)', each once and in the
 * order given. Whoever judges a `dependsOn` calls this: the worker's listing, the attempt itself and
 * `lrm finalize`.
 */
export async function openDependencies(
  db: Database,
  dependencies: readonly Dependency[],
): Promise<string[]> {
  const statuses = await readStatuses(
    db,
    dependencies.map(({ name }) => name),
  );
  return waitedFor(dependencies, statuses);
}

/** What is known of a migration that others wait for. */
export type Standing = Pick<Migration, 'status' | 'direction'>;

/** The same for rows that were read before. One that is missing is not registered. */
export function waitedFor(
  dependencies: readonly Dependency[],
  rows: ReadonlyMap<string, Standing>,
): string[] {
  const open = dependencies.filter(({ name, or }) => {
    const row = rows.get(name);
    if (!row) return true;
    // Of a revert that failed or was cancelled nobody has said that it is as good.
    const asGood = row.direction === 'forward' && or.includes(row.status);
    return row.status !== 'completed' && !asGood;
  });
  const standing = (row: Standing | undefined) => (row ? statusText(row) : 'not registered');
  return [...new Set(open.map(({ name }) => `${name} (${standing(rows.get(name))})`))];
}

/** Reads how these migrations stand. */
export async function readStatuses(
  db: Database,
  names: readonly string[],
): Promise<Map<string, Standing>> {
  if (names.length === 0) return new Map();
  const rows = await db
    .select({
      name: migrations.name,
      status: migrations.status,
      direction: migrations.direction,
    })
    .from(migrations)
    .where(inArray(migrations.name, [...new Set(names)]));
  return new Map(rows.map(({ name, ...row }) => [name, row]));
}
