import { inArray } from 'drizzle-orm';
import type { Database } from '../database';
import { migrations } from '../schema';

/** Returns the dependencies that are not completed, with their status: '0001_a (in_progress)'. */
export async function openDependencies(db: Database, names: readonly string[]): Promise<string[]> {
  const uncompleted = await readUncompleted(db, names);
  return [...uncompleted].map(([name, status]) => `${name} (${status})`);
}

/** The same, by name and in the order of `names`. A status can be 'not registered'. */
export async function readUncompleted(
  db: Database,
  names: readonly string[],
): Promise<Map<string, string>> {
  if (names.length === 0) return new Map();
  const rows = await db
    .select({ name: migrations.name, status: migrations.status })
    .from(migrations)
    .where(inArray(migrations.name, [...names]));
  const status = new Map<string, string>(rows.map((row) => [row.name, row.status]));
  return new Map(
    names
      .map((name) => [name, status.get(name) ?? 'not registered'] as const)
      .filter((entry) => entry[1] !== 'completed'),
  );
}
