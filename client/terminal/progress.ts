import { progressLine } from '../../drizzle/rows/progressText';
import { openLiveLines } from '../../settings/liveLines';
import type { StatusRow } from '../status/row';
import { asJson, warn } from './output';

/** Shows the progress of migrations. */
export interface Progress {
  show(rows: readonly StatusRow[]): void;
  /** Prints a warning beside it. */
  say(line: string): void;
  close(): void;
}

export function openProgress(): Progress {
  if (asJson) return { show: () => {}, say: warn, close: () => {} };
  const lines = openLiveLines();
  return {
    show: (rows) => lines.show(rows.map((row) => progressLine(row, row.notes))),
    say: (text) => lines.say(`lrm: ${text}`),
    close: () => lines.close(),
  };
}
