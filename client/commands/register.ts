import type { Command } from 'commander';
import { register } from '../../drizzle/rows/register';
import { SCHEMA } from '../../drizzle/schema';
import { readCatalog } from '../../jobs/catalog';
import { UsageError } from '../../settings/usageError';
import { migrationName } from '../arguments/name';
import { meant } from '../arguments/names';
import { didYouMean } from '../arguments/suggest';
import { type Connections, withConnections } from '../connections';
import { startAfter } from '../temporal/startAfter';
import { warn } from '../terminal/output';
import { type Done, eachMigration } from './each';
import { requestedBy } from './requestedBy';

export function addRegister(program: Command): void {
  program
    .command('register')
    .description('Registers migrations: the next run executes them.')
    .argument(
      '<names...>',
      'names of files in jobs/, their numbers, or the beginnings of their names',
    )
    .option('--run', 'start a run, if none is going')
    .option('--dormant', 'register them as paused: they begin after lrm resume')
    .option('--reason <text>', 'with --dormant: saved with your name and the time')
    .addHelpText(
      'after',
      `
This line in a schema migration does the same, and is the better way (a form that
also works before the first npx lrm migrate: docs/registering.md):
  INSERT INTO ${SCHEMA}.migrations (name) VALUES ('0001_sample') ON CONFLICT DO NOTHING;

With --dormant nothing runs them before npx lrm resume. In SQL:
  INSERT INTO ${SCHEMA}.migrations (name, status) VALUES ('0001_sample', 'paused') ON CONFLICT DO NOTHING;

Examples:
  npx lrm register 0001_sample
  npx lrm register 1 2 --run
  npx lrm register 0001_sample --dormant --reason 'with version 12'`,
    )
    .action(registerCommand);
}

interface Options {
  readonly run?: boolean;
  readonly dormant?: boolean;
  readonly reason?: string;
}

async function registerCommand(typed: string[], options: Options): Promise<void> {
  refuseContradictions(options);
  await withConnections(async (connections) => {
    const { files } = await readCatalog(connections.settings.LRM_JOBS_DIR);
    const here = [...files.keys()];
    // A file that only the workers have can't be found here: its name is registered as typed.
    const names = [...new Set(typed.map((each) => meant(each, here) ?? migrationName(each)))];
    await eachMigration(
      connections.db,
      names,
      (name) => registerOne(connections, name, here, options),
      (done) =>
        options.run ? startAfter(connections, done, true) : Promise.resolve({ run: null }),
    );
  });
}

function refuseContradictions({ run, dormant, reason }: Options): void {
  if (dormant && run) {
    throw new UsageError(
      "--dormant and --run can't be used together: a dormant migration begins after npx lrm resume",
    );
  }
  if (reason !== undefined && !dormant) {
    throw new UsageError('--reason belongs to --dormant: type both, or none');
  }
}

async function registerOne(
  { db, settings }: Connections,
  name: string,
  here: readonly string[],
  { dormant, reason }: Options,
): Promise<Done> {
  const isNew = await register(db, name, dormant ? requestedBy(reason) : undefined);
  if (!here.includes(name)) {
    const hint = didYouMean(name, here);
    warn(
      `there is no file ${name} in ${settings.LRM_JOBS_DIR}: it waits for a worker that has one` +
        (hint ? `. Or ${hint} To remove it: npx lrm unregister ${name}` : ''),
    );
  }
  if (!isNew) {
    const hint = dormant ? `. To keep it from running: npx lrm pause ${name}` : '';
    return { line: `${name} is already registered: nothing changed${hint}`, result: 'unchanged' };
  }
  return dormant
    ? {
        line: `${name} is registered as paused; to start it: npx lrm resume ${name}`,
        result: 'dormant',
      }
    : { line: `${name} is registered`, result: 'registered' };
}
