import { explain } from '../errors/explain';
import { untilQuit } from '../terminal/untilQuit';

/** Often enough to see a bar move; each time costs two short queries. Milliseconds. */
const EVERY = 1_000;

const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
const TO_TOP = '\u001b[H';
const CLEAR_TO_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/**
 * Shows `read`'s text on the alternate screen, again and again until q or Ctrl-C. Then prints the
 * last text on the normal screen. An error is shown, and the next round tries again.
 */
export async function watch(read: () => Promise<string>): Promise<void> {
  let last = '';
  process.stdout.write(ENTER_SCREEN);
  try {
    await untilQuit(EVERY, async () => {
      last = await read().catch((error) => `${explain(error).line}; asking again …`);
      process.stdout.write(frame(last, process.stdout.rows));
    });
  } finally {
    process.stdout.write(LEAVE_SCREEN);
  }
  console.log(last);
}

/**
 * Draws over the frame before. Clearing the screen first would make it flicker.
 * @param rows lines of the terminal; more would scroll, and the next frame would be out of place
 */
export function frame(text: string, rows: number): string {
  const lines = `${text}\n\nq or Ctrl-C: back`.split('\n').slice(0, rows);
  return TO_TOP + lines.map((line) => line + CLEAR_TO_LINE_END).join('\n') + CLEAR_BELOW;
}
