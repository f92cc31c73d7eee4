import { inArray } from 'drizzle-orm';
import type { Database } from '../database';
import { type MigrationStatus, migrations } from '../schema';

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

/** The same for statuses that were read before. One that is missing is not registered. */
export function waitedFor(
  dependencies: readonly Dependency[],
  statuses: ReadonlyMap<string, MigrationStatus>,
): string[] {
  const open = dependencies.filter(({ name, or }) => {
    const status = statuses.get(name);
    return status === undefined || (status !== 'completed' && !or.includes(status));
  });
  return [
    ...new Set(open.map(({ name }) => `${name} (${statuses.get(name) ?? 'not registered'})`)),
  ];
}

/** Reads the statuses of these migrations. */
export async function readStatuses(
  db: Database,
  names: readonly string[],
): Promise<Map<string, MigrationStatus>> {
  if (names.length === 0) return new Map();
  const rows = await db
    .select({ name: migrations.name, status: migrations.status })
    .from(migrations)
    .where(inArray(migrations.name, [...new Set(names)]));
  return new Map(rows.map((row) => [row.name, row.status]));
}
