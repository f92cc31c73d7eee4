import Table from 'cli-table3';
import stringWidth from 'string-width';
import { colors } from '../terminal/terminal';
import { wrap } from './wrap';

/** Columns without lines between them: shorter, and easy to cut and grep. */
const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** A line of a table, and what is to be said of it. */
export interface NotedRow {
  readonly cells: readonly string[];
  readonly note: string;
}

/**
 * Lines up rows under their heads; a column of '>' is set flush right. A note stands at the end of
 * its line, or below it where it doesn't fit: its end may be the command to type.
 * @param width columns of the terminal; undefined: as wide as it gets
 */
export function columnsWithNotes(
  heads: readonly string[],
  rows: readonly NotedRow[],
  width: number | undefined,
): string {
  const [head = '', ...lines] = columns(
    heads,
    rows.map(({ cells }) => cells),
  );
  const widest = Math.max(...[head, ...lines].map(stringWidth));
  const beside = width === undefined ? Number.POSITIVE_INFINITY : width - widest - GAP.length;
  const noted = lines.map((line, index) => {
    const note = rows[index]?.note ?? '';
    if (note === '') return line.trimEnd();
    if (stringWidth(note) <= beside && !note.includes('\n')) {
      return line + ' '.repeat(widest - stringWidth(line)) + GAP + note;
    }
    if (width === undefined) return line + GAP + note.replaceAll('\n', ' ');
    return [line.trimEnd(), ...wrap(note, width - GAP.length).map((part) => GAP + part)].join('\n');
  });
  return [head.trimEnd(), ...noted].join('\n');
}

/** The width of a table's widest line. */
export const widthOf = (heads: readonly string[], rows: readonly (readonly string[])[]): number =>
  Math.max(...columns(heads, rows).map((line) => stringWidth(line.trimEnd())));

const GAP = '  ';

/** The head's line, and one a row. */
function columns(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const table = new Table({
    chars: noBorders,
    // Its own colours don't know whether they are wanted.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: heads.map((head) => (head.startsWith('>') ? 'right' : 'left')),
    head: heads.map((head) => colors.bold(head.replace('>', ''))),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().split('\n');
}
