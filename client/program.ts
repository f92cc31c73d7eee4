import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { plainText } from '../settings/plainText';
import { projectFolder } from '../settings/projectFolder';
import { addCancel } from './commands/cancel';
import { addCheck } from './commands/check';
import { addCodecServer } from './commands/codecServer';
import { addCompletion } from './commands/completion';
import { addDeploy } from './commands/deploy';
import { addDev } from './commands/dev';
import { addDoctor } from './commands/doctor';
import { addDryRun } from './commands/dryRun';
import { addFinalize } from './commands/finalize';
import { addGrants } from './commands/grants';
import { addInit } from './commands/init';
import { addMigrate } from './commands/migrate';
import { addNew } from './commands/new';
import { addPause } from './commands/pause';
import { addRegister } from './commands/register';
import { addResume } from './commands/resume';
import { addRetry } from './commands/retry';
import { addRevert } from './commands/revert';
import { addRun } from './commands/run';
import { addSchedule } from './commands/schedule';
import { addSkipped } from './commands/skipped';
import { addStatus } from './commands/status';
import { addUnregister } from './commands/unregister';
import { addWorker } from './commands/worker';
import { complain } from './terminal/output';

const EPILOG = `
Set DATABASE_URL for Postgres. Set TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE … or
write temporal.toml for Temporal. Without them, lrm uses the servers of a
running 'lrm dev'.
For a migration, type its name, its number, or the beginning of its name.
Exit codes: 0 done, 1 failed, 2 wrong use.`;

/** All commands of `lrm`; each has a file. Wrong use throws a CommanderError. */
export function createProgram(): Command {
  const program = createCommands();
  addCompletion(program, createCommands);
  return program;
}

function createCommands(): Command {
  const program: Command = new Command('lrm');
  program
    .description('Registers, shows and controls long-running data migrations.')
    .version(version(), '-v, --version')
    .addHelpText('after', EPILOG)
    .configureOutput({ outputError: (text) => sayWrongUse(text, program.commands) })
    .exitOverride();
  addInit(program);
  addNew(program);
  addDev(program);
  addWorker(program);
  addMigrate(program);
  addDeploy(program);
  addRegister(program);
  addUnregister(program);
  addStatus(program);
  addDryRun(program);
  addSkipped(program);
  addRun(program);
  addSchedule(program);
  addPause(program);
  addResume(program);
  addCancel(program);
  addRetry(program);
  addRevert(program);
  addCheck(program);
  addFinalize(program);
  addDoctor(program);
  addGrants(program);
  addCodecServer(program);
  for (const command of program.commands) {
    // These print what happens until they are stopped.
    if (['dev', 'worker', 'codec-server'].includes(command.name())) continue;
    command.option('--json', 'print one JSON value on standard output, and nothing else');
  }
  return program;
}

const version = (): string =>
  JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8')).version;

/** Prints commander's message in the form of our own, with the help to type. */
function sayWrongUse(text: string, commands: readonly Command[]): void {
  const message = plainText(
    text
      .replace(/^error: /, '')
      .trim()
      .replace(/\.$/, ''),
  );
  const command = commands.find((each) => each.name() === process.argv[2]);
  complain(`${message}. For help: npx lrm ${command ? `${command.name()} ` : ''}--help`);
}
