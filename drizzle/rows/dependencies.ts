import { inArray } from 'drizzle-orm';
import type { Database } from '../database';
import { migrations } from '../schema';

/** Returns the dependencies that are not completed, with their status: '0001_a (in_progress)'. */
export async function openDependencies(db: Database, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await db
    .select({ name: migrations.name, status: migrations.status })
    .from(migrations)
    .where(inArray(migrations.name, [...names]));
  const status = new Map(rows.map((row) => [row.name, row.status]));
  return names
    .filter((name) => status.get(name) !== 'completed')
    .map((name) => `${name} (${status.get(name) ?? 'not registered'})`);
}
