import { explain } from '../errors/explain';
import { untilQuit } from '../terminal/untilQuit';

/** Often enough for a bar that moves; each look is two short questions. Milliseconds. */
const EVERY = 1_000;

const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
const TO_TOP = '\u001b[H';
const CLEAR_TO_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/**
 * Shows `frame` again and again on a screen of its own, until q or Ctrl-C; leaves the last one.
 * A database that is away is said, and asked again.
 */
export async function watch(frame: () => Promise<string>): Promise<void> {
  let last = '';
  process.stdout.write(ENTER_SCREEN);
  try {
    await untilQuit(EVERY, async () => {
      last = await frame().catch((error) => `${explain(error).line}; asking again …`);
      draw(`${last}\n\nq or Ctrl-C: back`);
    });
  } finally {
    process.stdout.write(LEAVE_SCREEN);
  }
  console.log(last);
}

/** Over the frame before, without clearing it first: no flicker. */
function draw(frame: string): void {
  const lines = frame.split('\n').slice(0, process.stdout.rows);
  process.stdout.write(
    TO_TOP + lines.map((line) => line + CLEAR_TO_LINE_END).join('\n') + CLEAR_BELOW,
  );
}
