import { createColors } from 'picocolors';

/** Colours for people at a terminal; off when piped or with NO_COLOR, also where CI is set. */
export const colors = createColors(Boolean(process.stdout.isTTY) && !process.env['NO_COLOR']);

/** Columns of the terminal; undefined when piped: then nothing is cut. */
export const terminalWidth = (): number | undefined =>
  process.stdout.isTTY ? process.stdout.columns : undefined;

/** `lrm status | head` is no error. */
export function endQuietlyWhenPipeCloses(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}
