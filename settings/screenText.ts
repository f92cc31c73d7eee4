import { durationText } from './duration';

/** 12345678 → '12,345,678', in every locale. */
export const count = (rows: number): string => Math.round(rows).toLocaleString('en-US');

/** Rows per second: 0.4 and 12,345. */
export const rate = (rows: number): string => (rows < 10 ? rows.toFixed(1) : count(rows));

/** Seconds to '2 h 5 min' or '8 s'. */
export const seconds = (total: number): string => durationText(total * 1000);

/** The first line, cut to `width` characters. */
export function oneLine(text: string, width: number): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line;
}

const BAR_WIDTH = 12;
/** Eighths of a block, so that a slow bar still moves visibly. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** '██████▌░░░░░  54 %'. */
export function bar(percent: number): string {
  const shown = Math.min(100, Math.max(0, percent));
  const eighths = Math.round((shown / 100) * BAR_WIDTH * 8);
  const full = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
  return `${full.padEnd(BAR_WIDTH, '░')} ${String(shown).padStart(3)} %`;
}
