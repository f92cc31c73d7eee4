import { type MigrationView, percentDone, secondsLeft } from '../../../drizzle/rows/status';
import { durationText } from '../../../settings/duration';

/** A migration's progress, in words. */
export interface ProgressLine {
  readonly name: string;
  /** 0 to 100; null when the total is not known. */
  readonly percent: number | null;
  /** '45,000 of 135,233 rows, 52,100 rows/s, 2 s to go', or why there is no progress. */
  readonly text: string;
}

export function progressLine(view: MigrationView): ProgressLine {
  const { migration } = view;
  return { name: migration.name, percent: percentDone(migration), text: describeProgress(view) };
}

function describeProgress(view: MigrationView): string {
  const { status, error, waitsFor } = view.migration;
  if (status === 'completed') return `completed, ${rows(view)}`;
  if (status === 'failed') return `failed: ${error ?? 'no reason given'}`;
  if (status === 'created') return waitsFor ?? 'waits for its turn';
  if (status === 'in_progress') return moving(view);
  return status;
}

function moving(view: MigrationView): string {
  if (view.live && view.migration.rowsDone === 0) return 'started';
  const left = secondsLeft(view);
  return [
    rows(view),
    view.rowsPerSecond && `${count(view.rowsPerSecond)} rows/s`,
    left !== null && `${durationText(Math.max(1, left) * 1000)} to go`,
    !view.live && (view.migration.error ?? 'waits for its next attempt'),
  ]
    .filter(Boolean)
    .join(', ');
}

function rows({ migration }: MigrationView): string {
  const total = migration.rowsTotal === null ? '' : ` of ${count(migration.rowsTotal)}`;
  return `${count(migration.rowsDone)}${total} rows`;
}

const count = (value: number) => Math.round(value).toLocaleString('en-US');
