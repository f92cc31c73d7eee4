import Table from 'cli-table3';
import { colors } from '../terminal';

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

/** Lines up rows under their heads. A column of '>' is set flush right. */
export function columns(heads: readonly string[], rows: readonly string[][]): string {
  const table = new Table({
    chars: noBorders,
    // Its own colours don't know whether they are wanted.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: heads.map((head) => (head.startsWith('>') ? 'right' : 'left')),
    head: heads.map((head) => colors.bold(head.replace('>', ''))),
  });
  table.push(...rows);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
