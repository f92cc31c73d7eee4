import { and, inArray, ne } from 'drizzle-orm';
import type { Database } from '../database';
import { type Migration, migrations } from '../schema';

/** What a deploy gate says about a migration. */
export type Unfinished = Pick<Migration, 'name' | 'status' | 'error' | 'waitsFor'>;

/** Reads the migrations that aren't completed, in the order they run. No names: all of them. */
export function readUnfinished(db: Database, names: readonly string[]): Promise<Unfinished[]> {
  const { name, status, error, waitsFor, createdAt } = migrations;
  return db
    .select({ name, status, error, waitsFor })
    .from(migrations)
    .where(and(ne(status, 'completed'), names.length > 0 ? inArray(name, [...names]) : undefined))
    .orderBy(createdAt, name);
}

/** Returns the names that are not registered. */
export async function readUnregistered(db: Database, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const rows = await db
    .select({ name: migrations.name })
    .from(migrations)
    .where(inArray(migrations.name, [...names]));
  const registered = new Set(rows.map(({ name }) => name));
  return names.filter((name) => !registered.has(name));
}

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
