const WIDTH = 12;
/** Eighths of a block, so that a slow one is seen to move. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** '██████▌░░░░░  54 %'. */
export function bar(percent: number): string {
  const shown = Math.min(100, Math.max(0, percent));
  const eighths = Math.round((shown / 100) * WIDTH * 8);
  const full = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
  return `${full.padEnd(WIDTH, '░')} ${String(shown).padStart(3)} %`;
}
