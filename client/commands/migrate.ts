import type { Command } from 'commander';
import type { Sql } from '../../drizzle/connect';
import { explainElsewhere } from '../../drizzle/explainPostgres';
import { applyMigrations, type Listeners } from '../../drizzle/migrator/migrate';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { describeInbox, readInbox } from '../../drizzle/rows/registrations';
import { databaseSetting, isDatabaseName } from '../../settings/databases';
import { readSettings, type Settings } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';
import { completeOnEmpty } from '../inline/completeOnEmpty';
import { openSql } from '../openSql';
import { answer, say, warn } from '../terminal/output';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('Creates or updates our tables, and takes over what was registered before.')
    .option(
      '--complete-on-empty',
      'then completes the pending migrations that find no row: for a fresh install',
    )
    .option('--database <name>', 'in the database of the setting LRM_DATABASE_<NAME>_URL')
    .addHelpText(
      'after',
      `
Takes a lock, so it is safe to start several at once. Exits 1 and names the
journal's entries that can't be applied: older than the newest applied entry, or
changed after they were applied.

With --database, it does the same in a further database, where walks of jobs keep
their place (inBatches with the option database).

--complete-on-empty needs no Temporal. It runs each pending migration up to the
first row that a walk (inBatches, forEach) finds, for ten seconds at most. One
that finds a row, needs longer or fails is left to a worker as pending: that is
no error here. A job that changes rows without a walk has these ten seconds,
too.

Examples:
  DATABASE_URL=postgres://app@db/app npx lrm migrate
  npx lrm migrate --complete-on-empty
  LRM_DATABASE_ARCHIVE_URL=postgres://app@db2/archive npx lrm migrate --database archive`,
    )
    .action(migrate);
}

interface Options {
  readonly completeOnEmpty?: boolean;
  readonly database?: string;
}

async function migrate(options: Options): Promise<void> {
  const settings = readSettings();
  const { database } = options;
  if (database === undefined) {
    return migrateIn(settings.databaseUrl, 'DATABASE_URL', settings, options);
  }
  if (options.completeOnEmpty) {
    throw new UsageError(
      "--complete-on-empty runs the migrations of DATABASE_URL: it can't be used with --database",
    );
  }
  const url = urlOf(settings, database);
  try {
    await migrateIn(url, databaseSetting(database), settings, options);
  } catch (error) {
    const line = explainElsewhere(error, database);
    throw line === undefined ? error : new OperationRefused(line);
  }
}

/** @throws UsageError when there is no setting for it */
function urlOf({ databases }: Settings, name: string): string {
  const url = Object.hasOwn(databases, name) ? databases[name] : undefined;
  if (url) return url;
  if (!isDatabaseName(name)) {
    throw new UsageError(
      '--database takes a name in a-z, 0-9 and _, as in: npx lrm migrate --database archive',
    );
  }
  throw new UsageError(`--database ${name}: ${databaseSetting(name)} is not set`);
}

async function migrateIn(
  databaseUrl: string,
  setting: string,
  settings: Settings,
  options: Options,
): Promise<void> {
  // A wrong URL gets our own error message, before anything connects.
  const sql = openSql(databaseUrl);
  try {
    const registered: string[] = [];
    const on: Listeners = {
      applied: (tag) => say(`applied ${tag}`),
      registered: (name) => {
        registered.push(name);
        say(`registered ${name}, which the application had asked for before`);
      },
      waiting: (pid) =>
        warn(`waits for another lrm migrate in this database (pid ${pid} in pg_stat_activity)`),
    };
    const applied = await applyMigrations(databaseUrl, 'sql', on, setting);
    const skipped = await warnOfSkipped(sql);
    if (applied.length + registered.length === 0) {
      say('nothing to apply: the database is up to date');
    }
    const onEmpty = options.completeOnEmpty ? await completeOnEmpty(settings) : {};
    answer({ applied, registered, skipped, ...onEmpty });
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
