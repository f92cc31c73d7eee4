import { inArray } from 'drizzle-orm';
import type { Database } from '../database';
import { type Migration, type MigrationStatus, migrations } from '../schema';
import { statusText } from './direction';
import { unacceptedCount, withSkipped } from './skipped';

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
export interface Standing extends Pick<Migration, 'status' | 'direction'> {
  /** Skipped rows that nobody has accepted: with them it is not plainly completed. */
  readonly skipped: number;
}

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
    return !asGood && (row.status !== 'completed' || row.skipped > 0);
  });
  const standing = (row: Standing | undefined) =>
    row ? withSkipped(statusText(row), row.skipped) : 'not registered';
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
      skipped: unacceptedCount,
    })
    .from(migrations)
    .where(inArray(migrations.name, [...new Set(names)]));
  return new Map(rows.map(({ name, ...row }) => [name, row]));
}
