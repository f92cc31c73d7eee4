import type { Command } from 'commander';
import type { Sql } from '../../drizzle/connect';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { describeInbox, readInbox } from '../../drizzle/rows/registrations';
import { readSettings } from '../../settings/settings';
import { openSql } from '../openSql';
import { answer, say, warn } from '../terminal/output';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('Creates or updates our tables, and takes over what was registered before.')
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
  const sql = openSql(databaseUrl);
  try {
    const registered: string[] = [];
    const applied = await applyMigrations(databaseUrl, 'sql', {
      applied: (tag) => say(`applied ${tag}`),
      registered: (name) => {
        registered.push(name);
        say(`registered ${name}, which the application had asked for before`);
      },
    });
    const skipped = await warnOfSkipped(sql);
    answer({ applied, registered, skipped });
    if (applied.length + registered.length === 0) {
      say('nothing to apply: the database is up to date');
    }
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** @returns what stands in `registrations` and is not the name of a migration */
async function warnOfSkipped(sql: Sql): Promise<readonly string[]> {
  const inbox = await readInbox(sql);
  for (const line of describeInbox(inbox)) warn(line);
  return inbox.unusable;
}
