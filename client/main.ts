import { CommanderError } from 'commander';
import { explain } from './errors/explain';
import { createProgram } from './program';
import { complain } from './terminal/output';
import { endQuietlyWhenPipeCloses } from './terminal/terminal';

/** Runs one command: 0 done, 1 a failed state, 2 wrong use. */
async function main(): Promise<number> {
  endQuietlyWhenPipeCloses();
  try {
    await createProgram().parseAsync(process.argv);
    return 0;
  } catch (error) {
    // Commander has said it already: help (0), or a line on what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return say(error);
  }
}

function say(error: unknown): number {
  const { line, exitCode } = explain(error);
  if (line) complain(line);
  return exitCode;
}

// A library's own timer or socket, outside of any promise: still one line, not a stack trace.
process.on('uncaughtException', (error) => process.exit(say(error)));

void main().then((exitCode) => {
  process.exitCode = exitCode;
});
