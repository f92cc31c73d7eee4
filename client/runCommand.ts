import { CommanderError } from 'commander';
import { fillEnvironment, readApplication } from '../settings/application';
import { explain } from './errors/explain';
import { complain } from './terminal/output';

/**
 * Runs the command in `process.argv`.
 * @returns the exit code: 0 for done, 1 for a failure, 2 for wrong use
 */
export async function runCommand(): Promise<number> {
  try {
    fillEnvironment(await readApplication(), process.env);
    // Loaded only now: the schema that our tables are in is a setting.
    const { createProgram } = await import('./program');
    await createProgram().parseAsync(process.argv);
    return 0;
  } catch (error) {
    // Commander has already printed the help (0), or a line on what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return say(error);
  }
}

/** Says what went wrong, in one line. @returns the exit code */
export function say(error: unknown): number {
  const { line, exitCode } = explain(error);
  if (line) complain(line);
  return exitCode;
}
