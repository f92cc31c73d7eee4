import { inArray, notInArray, type SQL, sql } from 'drizzle-orm';
import { targetOf } from '../../settings/migrationName';
import type { Database } from '../database';
import { type Migration, type MigrationStatus, migrations } from '../schema';
import { statusText } from './direction';
import { JOB_OF } from './jobOf';
import { unacceptedCount, withSkipped } from './skipped';

/**
 * A migration that has to be completed before another one begins. A name without a target stands for
 * all that is registered of its file, and at least one has to be.
 */
export interface Dependency {
  readonly name: string;
  /** Statuses that are as good as `completed` for the one that waits. */
  readonly or: readonly MigrationStatus[];
}

/** How many migrations of a name stand alike. */
export interface Standing extends Pick<Migration, 'status' | 'direction'> {
  readonly count: number;
  /** Skipped rows that nobody has accepted: with them, none is plainly completed. */
  readonly skipped: number;
}

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

/** The same for rows that were read before. One that is missing is not registered. */
export function waitedFor(
  dependencies: readonly Dependency[],
  rows: ReadonlyMap<string, readonly Standing[]>,
): string[] {
  const open = dependencies.filter(({ name, or }) => {
    const found = rows.get(name);
    return found === undefined || !found.every((row) => isDone(row, or));
  });
  return [...new Set(open.map(({ name }) => `${name} (${describe(rows.get(name))})`))];
}

function isDone({ status, direction, skipped }: Standing, or: readonly MigrationStatus[]): boolean {
  // Of a revert that failed or was cancelled nobody has said that it is as good.
  const asGood = direction === 'forward' && or.includes(status);
  return asGood || (status === 'completed' && skipped === 0);
}

function describe(rows: readonly Standing[] | undefined): string {
  const [first] = rows ?? [];
  if (!rows || !first) return 'not registered';
  const sum = (some: readonly Standing[]) => some.reduce((all, { count }) => all + count, 0);
  if (sum(rows) === 1) return withSkipped(statusText(first), first.skipped);
  const completed = rows.filter(({ status }) => status === 'completed');
  const others = rows.filter(({ status }) => status !== 'completed');
  const listed = others.map((row) => `${row.count} ${statusText(row)}`);
  const skipped = completed.reduce((all, row) => all + row.skipped, 0);
  const done = withSkipped('completed', skipped);
  return [`${sum(completed)} of ${sum(rows)} ${done}`, ...listed].join(', ');
}

/** Reads how these migrations stand. */
export async function readStatuses(
  db: Database,
  names: readonly string[],
  except: readonly string[] = [],
): Promise<Map<string, readonly Standing[]>> {
  const each = [...new Set(names)];
  const targets = each.filter((name) => targetOf(name) !== undefined);
  const jobs = each.filter((name) => targetOf(name) === undefined);
  return new Map([
    ...(await readBy(db, sql`${migrations.name}`, targets, except)),
    ...(await readBy(db, JOB_OF, jobs, except)),
  ]);
}

async function readBy(
  db: Database,
  key: SQL,
  names: readonly string[],
  except: readonly string[],
): Promise<Map<string, readonly Standing[]>> {
  if (names.length === 0) return new Map();
  const counts = except.length === 0 ? sql`true` : notInArray(migrations.name, [...except]);
  const status = sql<MigrationStatus>`case when ${counts} then ${migrations.status}::text
    else 'completed' end`;
  const rows = await db
    .select({
      name: sql<string>`${key}`,
      status,
      direction: migrations.direction,
      count: sql<number>`count(*)::int`,
      skipped: sql<number>`coalesce(sum(case when ${counts} then ${unacceptedCount} end), 0)::int`,
    })
    .from(migrations)
    .where(inArray(key, [...names]))
    .groupBy(sql`1`, sql`2`, sql`3`)
    .orderBy(sql`2`, sql`3`);
  const found = new Map<string, Standing[]>();
  for (const { name, ...row } of rows) found.set(name, [...(found.get(name) ?? []), row]);
  return found;
}
