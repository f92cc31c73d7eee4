import { CommanderError } from 'commander';
import { fillEnvironment, readApplication } from '../settings/application';
import { explain } from './errors/explain';
import { complain } from './terminal/output';
import { endQuietlyWhenPipeCloses } from './terminal/terminal';

// They are about code of libraries (grpc-js gives TLS an IP address as a server's name), and an
// operator can't do anything about them.
process.noDeprecation = true;

/** Runs one command. Returns 0 for done, 1 for a failure, 2 for wrong use. */
async function main(): Promise<number> {
  endQuietlyWhenPipeCloses();
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

function say(error: unknown): number {
  const { line, exitCode } = explain(error);
  if (line) complain(line);
  return exitCode;
}

// An error in a library's timer or socket reaches no promise. It, too, gets one line.
process.on('uncaughtException', (error) => process.exit(say(error)));

void main().then((exitCode) => {
  process.exitCode = exitCode;
});
