import type { Command } from 'commander';
import { register } from '../../drizzle/rows/register';
import { SCHEMA } from '../../drizzle/schema';
import { readCatalog } from '../../jobs/catalog';
import { migrationName } from '../arguments/name';
import { meant } from '../arguments/names';
import { didYouMean } from '../arguments/suggest';
import { type Connections, withConnections } from '../connections';
import { startAfter } from '../temporal/startAfter';
import { warn } from '../terminal/output';
import { type Done, eachMigration } from './each';

export function addRegister(program: Command): void {
  program
    .command('register')
    .description('Registers migrations: the next run executes them.')
    .argument(
      '<names...>',
      'names of files in jobs/, their numbers, or the beginnings of their names',
    )
    .option('--run', 'start a run, if none is going')
    .addHelpText(
      'after',
      `
This line in a schema migration does the same, and is the better way (a form that
also works before the first npx lrm migrate: docs/registering.md):
  INSERT INTO ${SCHEMA}.migrations (name) VALUES ('0001_sample') ON CONFLICT DO NOTHING;

Examples:
  npx lrm register 0001_sample
  npx lrm register 1 2 --run`,
    )
    .action(registerCommand);
}

async function registerCommand(typed: string[], options: { run?: boolean }): Promise<void> {
  await withConnections(async (connections) => {
    const { files } = await readCatalog(connections.settings.LRM_JOBS_DIR);
    const here = [...files.keys()];
    // A file that only the workers have can't be found here: its name is registered as typed.
    const names = [...new Set(typed.map((each) => meant(each, here) ?? migrationName(each)))];
    await eachMigration(
      connections.db,
      names,
      (name) => registerOne(connections, name, here),
      (done) =>
        options.run ? startAfter(connections, done, true) : Promise.resolve({ run: null }),
    );
  });
}

async function registerOne(
  { db, settings }: Connections,
  name: string,
  here: readonly string[],
): Promise<Done> {
  const isNew = await register(db, name);
  if (!here.includes(name)) {
    const hint = didYouMean(name, here);
    warn(
      `there is no file ${name} in ${settings.LRM_JOBS_DIR}: it waits for a worker that has one` +
        (hint ? `. Or ${hint} To remove it: npx lrm unregister ${name}` : ''),
    );
  }
  return isNew
    ? { line: `${name} is registered`, result: 'registered' }
    : { line: `${name} is already registered: nothing changed`, result: 'unchanged' };
}
