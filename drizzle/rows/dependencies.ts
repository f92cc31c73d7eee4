import { inArray, type SQL, sql } from 'drizzle-orm';
import { targetOf } from '../../settings/migrationName';
import type { Database } from '../database';
import { type MigrationStatus, migrations } from '../schema';
import { JOB_OF } from './jobOf';

/** Returns the dependencies that are not completed, with their status: '0001_a (in_progress)'. */
export async function openDependencies(
  db: Database,
  names: readonly string[],
  except: readonly string[] = [],
): Promise<string[]> {
  const uncompleted = await readUncompleted(db, names, except);
  return [...uncompleted].map(([name, status]) => `${name} (${status})`);
}

/**
 * The same, by name and in the order of `names`. A name without a target stands for all that is
 * registered of its file, and at least one has to be. A status can be 'not registered' or, of
 * several, '57 of 60 completed, 3 created'.
 * @param except these count as completed: they are run together with what depends on them
 */
export async function readUncompleted(
  db: Database,
  names: readonly string[],
  except: readonly string[] = [],
): Promise<Map<string, string>> {
  const targets = names.filter((name) => targetOf(name) !== undefined);
  const jobs = names.filter((name) => targetOf(name) === undefined);
  const counts = new Map([
    ...(await readCounts(db, sql`${migrations.name}`, targets, except)),
    ...(await readCounts(db, JOB_OF, jobs, except)),
  ]);
  return new Map(
    names
      .map((name) => [name, counts.get(name)] as const)
      .filter((entry) => !isCompleted(entry[1]))
      .map(([name, found]) => [name, statusText(found)] as const),
  );
}

type Counts = Map<MigrationStatus, number>;

async function readCounts(
  db: Database,
  key: SQL,
  names: readonly string[],
  except: readonly string[],
): Promise<Map<string, Counts>> {
  const counts = new Map<string, Counts>();
  if (names.length === 0) return counts;
  const status =
    except.length === 0
      ? sql<MigrationStatus>`${migrations.status}::text`
      : sql<MigrationStatus>`case when ${inArray(migrations.name, [...except])} then 'completed'
          else ${migrations.status}::text end`;
  const rows = await db
    .select({ name: sql<string>`${key}`, status, count: sql<number>`count(*)::int` })
    .from(migrations)
    .where(inArray(key, [...names]))
    .groupBy(sql`1`, sql`2`)
    .orderBy(sql`2`);
  for (const row of rows) {
    const found = counts.get(row.name) ?? new Map();
    counts.set(row.name, found.set(row.status, row.count));
  }
  return counts;
}

const isCompleted = (counts: Counts | undefined): boolean =>
  counts !== undefined && [...counts.keys()].every((status) => status === 'completed');

function statusText(counts: Counts | undefined): string {
  if (!counts) return 'not registered';
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (all === 1) return [...counts.keys()].join();
  const others = [...counts].filter(([status]) => status !== 'completed');
  const listed = others.map(([status, count]) => `${count} ${status}`);
  return [`${counts.get('completed') ?? 0} of ${all} completed`, ...listed].join(', ');
}
