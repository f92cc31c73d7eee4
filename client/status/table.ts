import { withSkipped } from '../../drizzle/rows/skipped';
import type { MigrationStatus } from '../../drizzle/schema';
import { bar, count, oneLine, rate, seconds } from '../../settings/screenText';
import { colors, terminalWidth } from '../terminal/terminal';
import { columnsWithNotes, widthOf } from './layout';
import type { StatusRow } from './row';

/** More completed migrations would push the others off the screen. */
const COMPLETED_AT_MOST = 10;
/** Three lines of a small terminal. `lrm status <name>` shows the whole note. */
const NOTE_AT_MOST = 240;
/** A shorter part of a name says nothing. */
const NARROWEST_NAME = 12;

export const paint: Readonly<Record<MigrationStatus, (text: string) => string>> = {
  created: (text) => text,
  in_progress: colors.cyan,
  paused: colors.yellow,
  completed: colors.green,
  failed: colors.red,
  cancelled: colors.dim,
  reverted: colors.yellow,
};

/**
 * The status in its colour. Completed with skipped rows is not what green stands for.
 * @param text the status, or the status as a sentence needs it
 */
export function shownStatus(row: StatusRow, text: string = row.migration.status): string {
  const shown = withSkipped(text, row.skipped);
  return shown === text ? paint[row.migration.status](text) : colors.yellow(shown);
}

/** The table of migrations, in order of work. Of the completed ones it shows the latest. */
export function table(rows: readonly StatusRow[], all: boolean): string {
  if (rows.length === 0) return 'No migration is registered: npx lrm register <name>';
  const completed = rows.filter(({ migration }) => migration.status === 'completed');
  const hidden = new Set(all ? [] : completed.slice(0, -COMPLETED_AT_MOST));
  const lines = [fitted(rows.filter((row) => !hidden.has(row)))];
  if (hidden.size > 0) {
    lines.push(colors.dim(`and ${count(hidden.size)} completed earlier: npx lrm status --all`));
  }
  return lines.join('\n');
}

/** Uses the first shape that fits the terminal. */
function fitted(rows: readonly StatusRow[]): string {
  const width = terminalWidth();
  const noted = (toCells: ToCells) =>
    rows.map((row) => ({ cells: toCells(row), note: oneLine(row.notes.join('; '), NOTE_AT_MOST) }));
  for (const { heads, toCells } of SHAPES) {
    if (width === undefined || widthOf(heads, rows.map(toCells)) <= width) {
      return columnsWithNotes(heads, noted(toCells), width);
    }
  }
  return columnsWithNotes(NARROW.heads, noted(cutName(rows, width ?? 0)), width);
}

type ToCells = (row: StatusRow) => string[];

interface Shape {
  readonly heads: readonly string[];
  readonly toCells: ToCells;
}

/** For about 100 columns: with a bar. */
const WIDE: Shape = {
  heads: ['Migration', 'Status', 'Progress', '>Rows', '>Rows/s', '>ETA', '>Attempt'],
  toCells: (row) => cells(row, progress(row), rowsOf(row)),
};

/** For about 80 columns: the percentage without a bar. */
const PLAIN: Shape = {
  heads: ['Migration', 'Status', '>Done', '>Rows', '>Rows/s', '>ETA', '>Attempt'],
  toCells: (row) => cells(row, percentage(row), rowsOf(row)),
};

/** For long names and numbers: without totals and attempts. */
const NARROW: Shape = {
  heads: ['Migration', 'Status', '>Done', '>Rows', '>Rows/s', '>ETA'],
  toCells: (row) => cells(row, percentage(row), doneOf(row)).slice(0, -1),
};

const SHAPES = [WIDE, PLAIN, NARROW];

/** A name may have 255 characters. If it does not fit, it is cut. */
function cutName(rows: readonly StatusRow[], width: number): ToCells {
  const cells = rows.map(NARROW.toCells);
  const longest = Math.max(...rows.map(({ migration }) => migration.name.length));
  const others = widthOf(NARROW.heads, cells) - longest;
  const room = Math.max(NARROWEST_NAME, width - others);
  return (row) => {
    const [name = '', ...rest] = NARROW.toCells(row);
    return [oneLine(name, room), ...rest];
  };
}

function cells(row: StatusRow, progress: string, rows: string): string[] {
  const { migration } = row;
  return [
    migration.name,
    shownStatus(row),
    progress,
    rows,
    row.rowsPerSecond === null ? '' : rate(row.rowsPerSecond),
    row.secondsLeft === null ? '' : seconds(row.secondsLeft),
    migration.attempts === 0 ? '' : String(migration.attempts),
  ];
}

const progress = ({ percent, migration }: StatusRow): string =>
  percent === null || migration.status === 'created' ? '' : bar(percent);

const percentage = ({ percent, migration }: StatusRow): string =>
  percent === null || migration.status === 'created' ? '' : `${percent} %`;

function rowsOf({ migration: { rowsDone, rowsTotal } }: StatusRow): string {
  if (rowsTotal === null) return rowsDone === 0 ? '' : count(rowsDone);
  return `${count(rowsDone)} / ${count(rowsTotal)}`;
}

const doneOf = ({ migration: { rowsDone, rowsTotal } }: StatusRow): string =>
  rowsDone === 0 && rowsTotal === null ? '' : count(rowsDone);
