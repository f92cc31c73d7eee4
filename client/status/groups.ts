import type { MigrationStatus } from '../../drizzle/schema';
import { jobOf, targetOf } from '../../settings/migrationName';
import { percent } from '../../settings/percent';
import { count } from '../../settings/screenText';
import type { StatusRow } from './row';

/** What a group shows as its status: of those that its targets have, what needs an operator first. */
const FIRST_OF: readonly MigrationStatus[] = [
  'failed',
  'in_progress',
  'paused',
  'created',
  'cancelled',
  'reverted',
  'completed',
];

/**
 * Puts the targets of each job into one row, where the first of them stands. Its note says how many
 * there are of each status. A job with one target keeps that row.
 */
export function groupTargets(rows: readonly StatusRow[]): StatusRow[] {
  const groups = new Map<string, StatusRow[]>();
  for (const row of rows) {
    const { name } = row.migration;
    const key = targetOf(name) === undefined ? name : `${jobOf(name)}:`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group;
    return first && group.length > 1 ? summary(first, group) : (first as StatusRow);
  });
}

function summary(first: StatusRow, group: readonly StatusRow[]): StatusRow {
  const job = jobOf(first.migration.name);
  const counts = new Map<MigrationStatus, number>();
  for (const { migration } of group) {
    counts.set(migration.status, (counts.get(migration.status) ?? 0) + 1);
  }
  const status = FIRST_OF.find((each) => counts.has(each)) ?? first.migration.status;
  const listed = [...counts].map(([each, number]) => `${count(number)} ${each}`).join(', ');
  return {
    ...first,
    migration: {
      ...first.migration,
      name: `${job}:*`,
      status,
      attempts: 0,
      rowsDone: sum(group.map(({ migration }) => migration.rowsDone)) ?? 0,
      // A target that has not begun does not know its rows yet.
      rowsTotal: sum(group.map(({ migration }) => migration.rowsTotal)),
    },
    skipped: sum(group.map(({ skipped }) => skipped)) ?? 0,
    live: group.some(({ live }) => live),
    pending: null,
    percent: status === 'completed' ? 100 : percent(counts.get('completed') ?? 0, group.length),
    rowsPerSecond:
      sum(group.filter(({ live }) => live).map((row) => row.rowsPerSecond ?? 0)) || null,
    secondsLeft: null,
    notes: [`${count(group.length)} targets: ${listed}: npx lrm status ${job}`],
  };
}

/** Null when one of them is unknown. */
const sum = (values: readonly (number | null)[]): number | null =>
  values.includes(null) ? null : values.reduce<number>((all, each) => all + (each ?? 0), 0);

/** A screen or two. */
const TARGETS_AT_MOST = 100;

/** The first targets of a job that are not completed, and all completed ones: those the table cuts. */
export function firstTargets(
  rows: readonly StatusRow[],
  all: boolean,
): { readonly shown: readonly StatusRow[]; readonly more: number } {
  const open = rows.filter(({ migration }) => migration.status !== 'completed');
  const hidden = new Set(all ? [] : open.slice(TARGETS_AT_MOST));
  return { shown: rows.filter((row) => !hidden.has(row)), more: hidden.size };
}
