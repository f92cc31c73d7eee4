import type { Command } from 'commander';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { readSettings } from '../../settings/settings';
import { openSql } from '../openSql';
import { answer, say } from '../terminal/output';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('Applies drizzle/sql to the database: our tables, and what registers migrations.')
    .addHelpText(
      'after',
      `
Takes a lock, so it is safe to start several at once. Exits 1 and names the
journal's entries that can't be applied: older than the newest applied entry, or
changed after they were applied.

Example:
  DATABASE_URL=postgres://app@db/app npx lrm migrate`,
    )
    .action(migrate);
}

async function migrate(): Promise<void> {
  const { databaseUrl } = readSettings();
  // A wrong URL gets our own error message, before anything connects.
  await openSql(databaseUrl).end();
  const applied = await applyMigrations(databaseUrl, 'sql', (tag) => say(`applied ${tag}`));
  answer({ applied });
  if (applied.length === 0) say('nothing to apply: the database is up to date');
}
