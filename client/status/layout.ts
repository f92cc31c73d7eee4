import Table from 'cli-table3';
import stringWidth from 'string-width';
import { colors } from '../terminal/terminal';
import { wrap } from './wrap';

/** No lines between columns: this is shorter, and easy to cut and grep. */
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

/** A row of a table, with a note on it. */
export interface NotedRow {
  readonly cells: readonly string[];
  readonly note: string;
}

/**
 * Aligns rows under their heads. A head that begins with '>' aligns its column to the right. A note
 * stands at the end of its row, or below if it does not fit. It is never cut: its end may be the
 * command to type.
 * @param width columns of the terminal; undefined: no limit
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

/** One line for the heads, and one for each row. */
function columns(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const table = new Table({
    chars: noBorders,
    // The library would use its colours even when they are not wanted.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: heads.map((head) => (head.startsWith('>') ? 'right' : 'left')),
    head: heads.map((head) => colors.bold(head.replace('>', ''))),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString().split('\n');
}
