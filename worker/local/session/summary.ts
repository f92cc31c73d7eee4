import { skippedNote } from '../../../drizzle/rows/skipped';
import { isPending, type MigrationView } from '../../../drizzle/rows/status';

/** The state of all migrations when nothing runs. */
export interface Summary {
  readonly lines: readonly string[];
  /** True: no migration has failed, and none is pending. */
  readonly good: boolean;
}

export function summarize(views: readonly MigrationView[]): Summary {
  const rows = views.map((view) => view.migration);
  const failed = rows.filter((row) => row.status === 'failed');
  const left = views.filter(isPending).map((view) => view.migration);
  const completed = rows.filter((row) => row.status === 'completed').length;
  const other = rows.filter((row) => row.status === 'paused' || row.status === 'cancelled');
  return {
    lines: [
      `${completed} of ${rows.length} registered migrations are completed.`,
      ...views.flatMap(({ migration, skipped }) => skippedNote(migration.name, skipped) ?? []),
      ...other.map((row) => `${row.status}: ${row.name}`),
      ...left.map((row) => `left: ${row.name}: ${row.waitsFor ?? `is ${row.status}`}`),
      ...failed.map((row) => `failed: ${row.name}: ${row.error ?? 'no reason given'}`),
    ],
    good: failed.length === 0 && left.length === 0,
  };
}
