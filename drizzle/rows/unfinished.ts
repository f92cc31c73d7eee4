import { and, inArray, ne } from 'drizzle-orm';
import type { Database } from '../database';
import { type Migration, migrations } from '../schema';

/** What of a migration a gate tells. */
export type Unfinished = Pick<Migration, 'name' | 'status' | 'error' | 'waitsFor'>;

/** Those that aren't completed, in order of work: of the named ones, or of all. */
export function readUnfinished(db: Database, names: readonly string[]): Promise<Unfinished[]> {
  const { name, status, error, waitsFor, createdAt } = migrations;
  return db
    .select({ name, status, error, waitsFor })
    .from(migrations)
    .where(and(ne(status, 'completed'), names.length > 0 ? inArray(name, [...names]) : undefined))
    .orderBy(createdAt, name);
}

/** Those of `names` that nobody has registered. */
export async function readUnregistered(db: Database, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await db
    .select({ name: migrations.name })
    .from(migrations)
    .where(inArray(migrations.name, [...names]));
  const registered = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !registered.has(name));
}

/** What a migration with these dependencies still waits for: '0001_a (in_progress)', in their order. */
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
