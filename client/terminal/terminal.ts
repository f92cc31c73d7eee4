import { createColors } from 'picocolors';

/** Only on a terminal, and not with NO_COLOR. The library alone would also colour when CI is set. */
export const colors = createColors(Boolean(process.stdout.isTTY) && !process.env['NO_COLOR']);

/** Columns of the terminal. Undefined when piped: then nothing is cut. */
export const terminalWidth = (): number | undefined =>
  process.stdout.isTTY ? process.stdout.columns : undefined;

/** `lrm status | head` is not an error. */
export function endQuietlyWhenPipeCloses(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}
