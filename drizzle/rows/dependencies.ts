import { inArray, type SQL, sql } from 'drizzle-orm';
import { targetOf } from '../../settings/migrationName';
import type { Database } from '../database';
import { type MigrationStatus, migrations } from '../schema';
import { JOB_OF } from './jobOf';

/**
 * A migration that has to be completed before another one begins. A name without a target stands for
 * all that is registered of its file, and at least one has to be.
 */
export interface Dependency {
  readonly name: string;
  /** Statuses that are as good as `completed` for the one that waits. */
  readonly or: readonly MigrationStatus[];
}

/** How many migrations of a name have each status. */
export type Counts = ReadonlyMap<MigrationStatus, number>;

/**
 * Returns the dependencies that are still waited for, as '0001_a (in_progress)' or, of several
 * targets, '0001_a (57 of 60 completed, 3 created)', each once and in the order given. Whoever judges
 * a `dependsOn` calls this: the worker's listing, the attempt itself and `lrm finalize`.
 * @param except these count as completed: they are run together with what depends on them
 */
export async function openDependencies(
  db: Database,
  dependencies: readonly Dependency[],
  except: readonly string[] = [],
): Promise<string[]> {
  const names = dependencies.map(({ name }) => name);
  return waitedFor(dependencies, await readStatuses(db, names, except));
}

/** The same for statuses that were read before. One that is missing is not registered. */
export function waitedFor(
  dependencies: readonly Dependency[],
  statuses: ReadonlyMap<string, Counts>,
): string[] {
  const open = dependencies.filter(({ name, or }) => {
    const counts = statuses.get(name);
    const isDone = (status: MigrationStatus) => status === 'completed' || or.includes(status);
    return counts === undefined || ![...counts.keys()].every(isDone);
  });
  return [...new Set(open.map(({ name }) => `${name} (${statusText(statuses.get(name))})`))];
}

/** Reads the statuses of these migrations. */
export async function readStatuses(
  db: Database,
  names: readonly string[],
  except: readonly string[] = [],
): Promise<Map<string, Counts>> {
  const each = [...new Set(names)];
  const targets = each.filter((name) => targetOf(name) !== undefined);
  const jobs = each.filter((name) => targetOf(name) === undefined);
  return new Map([
    ...(await readCounts(db, sql`${migrations.name}`, targets, except)),
    ...(await readCounts(db, JOB_OF, jobs, except)),
  ]);
}

async function readCounts(
  db: Database,
  key: SQL,
  names: readonly string[],
  except: readonly string[],
): Promise<Map<string, Counts>> {
  const counts = new Map<string, Map<MigrationStatus, number>>();
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
    const found = counts.get(row.name) ?? new Map<MigrationStatus, number>();
    counts.set(row.name, found.set(row.status, row.count));
  }
  return counts;
}

function statusText(counts: Counts | undefined): string {
  if (!counts) return 'not registered';
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (all === 1) return [...counts.keys()].join();
  const others = [...counts].filter(([status]) => status !== 'completed');
  const listed = others.map(([status, count]) => `${count} ${status}`);
  return [`${counts.get('completed') ?? 0} of ${all} completed`, ...listed].join(', ');
}
