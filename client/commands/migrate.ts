import type { Command } from 'commander';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { readSettings } from '../../settings/settings';
import { openSql } from '../openSql';
import { answer, say } from '../terminal/output';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('Brings our tables and the registrations in drizzle/sql into the database.')
    .addHelpText(
      'after',
      `
Takes a lock, so that several at once end well. Exits 1 naming entries of the journal that can't
be applied: older than the newest applied one, or changed afterwards.

Example:
  DATABASE_URL=postgres://app@db/app npx lrm migrate`,
    )
    .action(migrate);
}

async function migrate(): Promise<void> {
  const { databaseUrl } = readSettings();
  // Says in our words what is wrong with the URL, before anything connects.
  await openSql(databaseUrl).end();
  const applied = await applyMigrations(databaseUrl, 'sql', (tag) => say(`applied ${tag}`));
  answer({ applied });
  if (applied.length === 0) say('nothing to apply: the database is up to date');
}
