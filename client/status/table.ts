import type { MigrationStatus } from '../../drizzle/schema';
import { colors, terminalWidth } from '../terminal';
import { bar } from './bar';
import { count, oneLine, rate, seconds } from './format';
import { columns } from './layout';
import type { StatusRow } from './row';

const HEADS = ['Migration', 'Status', 'Progress', '>Rows', '>Rows/s', '>ETA', '>Attempt', ''];

/** More of the completed ones only push the others off the screen. */
const COMPLETED_AT_MOST = 10;
/** A note needs this much to say anything; narrower terminals wrap. */
const NARROWEST_NOTE = 20;

export const paint: Readonly<Record<MigrationStatus, (text: string) => string>> = {
  created: (text) => text,
  in_progress: colors.cyan,
  paused: colors.yellow,
  completed: colors.green,
  failed: colors.red,
  cancelled: colors.dim,
};

/** The table of all migrations, in order of work; of the completed ones the latest. */
export function table(rows: readonly StatusRow[], all: boolean): string {
  if (rows.length === 0) return 'No migration is registered: npx lrm register <name>';
  const completed = rows.filter(({ migration }) => migration.status === 'completed');
  const hidden = new Set(all ? [] : completed.slice(0, -COMPLETED_AT_MOST));
  const cells = rows.filter((row) => !hidden.has(row)).map(toCells);
  const lines = [
    columns(
      HEADS,
      withNotes(
        cells,
        rows.filter((row) => !hidden.has(row)),
      ),
    ),
  ];
  if (hidden.size > 0) {
    lines.push(colors.dim(`and ${count(hidden.size)} completed earlier: npx lrm status --all`));
  }
  return lines.join('\n');
}

function toCells(row: StatusRow): string[] {
  const { migration } = row;
  return [
    migration.name,
    paint[migration.status](migration.status),
    progress(row),
    rowsOf(row),
    row.rowsPerSecond === null ? '' : rate(row.rowsPerSecond),
    row.secondsLeft === null ? '' : seconds(row.secondsLeft),
    migration.attempts === 0 ? '' : String(migration.attempts),
  ];
}

const progress = ({ percent, migration }: StatusRow): string =>
  percent === null || migration.status === 'created' ? '' : bar(percent);

function rowsOf({ migration: { rowsDone, rowsTotal } }: StatusRow): string {
  if (rowsTotal === null) return rowsDone === 0 ? '' : count(rowsDone);
  return `${count(rowsDone)} / ${count(rowsTotal)}`;
}

/** The last column gets what the terminal has left. */
function withNotes(cells: readonly string[][], rows: readonly StatusRow[]): string[][] {
  const width = terminalWidth();
  const used = columns(
    HEADS,
    cells.map((row) => [...row, '|']),
  ).split('\n');
  const left = width === undefined ? 500 : width - Math.max(...used.map((line) => visible(line)));
  return cells.map((row, index) => {
    const note = rows[index]?.notes.join('; ') ?? '';
    return [...row, oneLine(note, Math.max(NARROWEST_NOTE, left))];
  });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const visible = (line: string): number => line.replace(/\u001b\[[0-9;]*m/g, '').length;
