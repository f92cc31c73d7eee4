import type { LiveLine } from '../../settings/liveLines';
import { bar, count, rate, seconds } from '../../settings/screenText';
import { skippedNote, withSkipped } from './skipped';
import { type MigrationView, percentDone, secondsLeft } from './status';

/**
 * A migration's progress in one line. `lrm finalize` and `npm start` both show it.
 * 'in_progress  ██████▌░░░░░  54 %  54 of 100 rows, 9.0 rows/s, 5 s left  last error: …'
 */
export function progressLine(view: MigrationView, notes: readonly string[]): LiveLine {
  const { migration } = view;
  const percent = percentDone(migration);
  const parts = [
    withSkipped(migration.status, view.skipped),
    percent === null ? null : bar(percent),
    rowsText(view),
    ENDED_WELL.includes(migration.status)
      ? skippedNote(migration.name, view.skipped)
      : notes.join('; '),
  ];
  return { name: migration.name, status: migration.status, text: parts.filter(Boolean).join('  ') };
}

const ENDED_WELL: readonly string[] = ['completed', 'reverted'];

/** '54 of 100 rows, 9.0 rows/s, 5 s left'; null when there is nothing to count. */
export function rowsText(view: MigrationView): string | null {
  const { rowsDone, rowsTotal } = view.migration;
  if (rowsDone === 0 && rowsTotal === null) return null;
  const left = secondsLeft(view);
  const parts = [
    `${count(rowsDone)}${rowsTotal === null ? '' : ` of ${count(rowsTotal)}`} rows`,
    view.rowsPerSecond === null ? null : `${rate(view.rowsPerSecond)} rows/s`,
    left === null ? null : `${seconds(left)} left`,
  ];
  return parts.filter((part) => part !== null).join(', ');
}
