const WIDTH = 12;
/** Eighths of a block, so that a slow one is seen to move. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** '██████▌░░░░░  54 %'. */
export function bar(percent: number): string {
  const eighths = Math.round((percent / 100) * WIDTH * 8);
  const full = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
  return `${full.padEnd(WIDTH, '░')} ${String(percent).padStart(3)} %`;
}
