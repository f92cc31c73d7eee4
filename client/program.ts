import { Command } from 'commander';
import { addCancel } from './commands/cancel';
import { addCheck } from './commands/check';
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

const EPILOG = `
Postgres: DATABASE_URL. Temporal: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE … or temporal.toml.
Without them, what a running 'npm start' offers.
Exit codes: 0 done, 1 a failed state, 2 wrong use.`;

/** All commands of `lrm`, one file each. Wrong use throws a CommanderError. */
export function createProgram(): Command {
  const program = new Command('lrm')
    .description('Long-running data migrations: registers, watches and steers them.')
    .addHelpText('after', EPILOG)
    .exitOverride();
  addNew(program);
  addMigrate(program);
  addRegister(program);
  addStatus(program);
  addRun(program);
  addSchedule(program);
  addPause(program);
  addResume(program);
  addCancel(program);
  addRetry(program);
  addCheck(program);
  addFinalize(program);
  return program;
}
