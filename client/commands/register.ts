import type { Command } from 'commander';
import { register } from '../../drizzle/register';
import { readCatalog } from '../../jobs/catalog';
import { withConnections } from '../connections';
import { migrationName } from '../name';

export function addRegister(program: Command): void {
  program
    .command('register')
    .description('Says that a migration is wanted: the next run executes it.')
    .argument('<name>', "the file's name in jobs/, without its ending")
    .addHelpText(
      'after',
      `
The same as this line in a schema migration, which is the better place for it:
  INSERT INTO long_running_migrations.migrations (name) VALUES ('0001_sample') ON CONFLICT DO NOTHING;

Example:
  npx lrm register 0001_sample`,
    )
    .action(registerCommand);
}

async function registerCommand(typed: string): Promise<void> {
  const name = migrationName(typed);
  await withConnections(async ({ db, settings }) => {
    const { files } = await readCatalog(settings.LRM_JOBS_DIR);
    const isNew = await register(db, name);
    console.log(isNew ? `${name} is registered` : `${name} was registered before: nothing changed`);
    if (!files.has(name)) {
      console.error(
        `lrm: there is no file ${name} in ${settings.LRM_JOBS_DIR}; it waits for a worker that has one`,
      );
    }
  });
}
