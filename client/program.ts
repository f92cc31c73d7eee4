import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { projectFolder } from '../settings/projectFolder';
import { addCancel } from './commands/cancel';
import { addCheck } from './commands/check';
import { addCompletion } from './commands/completion';
import { addDoctor } from './commands/doctor';
import { addFinalize } from './commands/finalize';
import { addMigrate } from './commands/migrate';
import { addNew } from './commands/new';
import { addPause } from './commands/pause';
import { addRegister } from './commands/register';
import { addResume } from './commands/resume';
import { addRetry } from './commands/retry';
import { addRun } from './commands/run';
import { addSchedule } from './commands/schedule';
import { addStatus } from './commands/status';
import { addUnregister } from './commands/unregister';
import { asJson, complain } from './terminal/output';

const EPILOG = `
Postgres: DATABASE_URL. Temporal: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE … or temporal.toml.
Without them, what a running 'npm start' offers.
A migration may be typed by its number or by how its name begins. Exit codes: 0 done, 1 a failed
state, 2 wrong use.`;

/** All commands of `lrm`, one file each. Wrong use throws a CommanderError. */
export function createProgram(): Command {
  const program = createCommands();
  addCompletion(program, createCommands);
  return program;
}

function createCommands(): Command {
  const program = new Command('lrm')
    .description('Long-running data migrations: registers, watches and steers them.')
    .version(version(), '-v, --version')
    .addHelpText('after', EPILOG)
    .configureOutput({ outputError: sayWrongUse })
    .exitOverride();
  addNew(program);
  addMigrate(program);
  addRegister(program);
  addUnregister(program);
  addStatus(program);
  addRun(program);
  addSchedule(program);
  addPause(program);
  addResume(program);
  addCancel(program);
  addRetry(program);
  addCheck(program);
  addFinalize(program);
  addDoctor(program);
  for (const command of program.commands) {
    command.option('--json', 'one JSON value on standard output, and nothing else');
  }
  return program;
}

const version = (): string =>
  JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8')).version;

/** Commander's own lines on what was typed wrong. */
function sayWrongUse(text: string, write: (text: string) => void): void {
  if (asJson)
    complain(
      text
        .replace(/^error: /, '')
        .trim()
        .replaceAll('\n', ' '),
    );
  else write(text);
}
