import type { Command } from 'commander';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { readSettings } from '../../settings/settings';
import { completeOnEmpty } from '../inline/completeOnEmpty';
import { openSql } from '../openSql';
import { answer, say } from '../terminal/output';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('Applies drizzle/sql to the database: our tables, and what registers migrations.')
    .option(
      '--complete-on-empty',
      'then completes the pending migrations that find no row: for a fresh install',
    )
    .addHelpText(
      'after',
      `
Takes a lock, so it is safe to start several at once. Exits 1 and names the
journal's entries that can't be applied: older than the newest applied entry, or
changed after they were applied.

--complete-on-empty needs no Temporal. It runs each pending migration up to the
first row that a walk (inBatches, forEach) finds, for ten seconds at most. One
that finds a row, needs longer or fails is left to a worker as pending: that is
no error here. A job that changes rows without a walk has these ten seconds,
too.

Examples:
  DATABASE_URL=postgres://app@db/app npx lrm migrate
  npx lrm migrate --complete-on-empty`,
    )
    .action(migrate);
}

async function migrate(options: { completeOnEmpty?: boolean }): Promise<void> {
  const settings = readSettings();
  const { databaseUrl } = settings;
  // A wrong URL gets our own error message, before anything connects.
  await openSql(databaseUrl).end();
  const applied = await applyMigrations(databaseUrl, 'sql', (tag) => say(`applied ${tag}`));
  if (applied.length === 0) say('nothing to apply: the database is up to date');
  answer({ applied, ...(options.completeOnEmpty ? await completeOnEmpty(settings) : {}) });
}
