import type { Sql } from '../../drizzle/connect';
import { missingEntries } from '../../drizzle/migrator/migrate';
import { askOther } from '../../drizzle/otherDatabase';
import { describeMissing, missingRights } from '../../drizzle/rights/missingRights';
import { hasTables, readInstallation, unreadable } from '../../drizzle/rows/installed';
import { type DatabaseUrls, databaseSetting } from '../../settings/databases';
import { type Finding, failed, ok, warning } from '../../worker/health/finding';

/** Checks a further database. Jobs may only read there, so our tables may be missing. */
export async function checkOtherDatabase(urls: DatabaseUrls, name: string): Promise<Finding> {
  const check = `database ${name}`;
  const asked = await askOther(urls, name, { applicationName: 'lrm doctor' }, (sql) =>
    checkIn(sql, check, name),
  );
  return 'answer' in asked ? asked.answer : failed(check, asked.problem, null);
}

async function checkIn(sql: Sql, check: string, name: string): Promise<Finding> {
  const found = await readInstallation(sql);
  const [server] = await sql<{ version: string; replica: boolean }[]>`
    select current_setting('server_version') as version, pg_is_in_recovery() as replica`;
  const message = `PostgreSQL ${server?.version}, database ${found.database}, role ${found.role}`;
  if (!hasTables(found)) {
    return ok(check, `${message}; none of our tables: jobs can read there, but not walk`);
  }
  if (server?.replica) {
    const primary = `to walk there, set ${databaseSetting(name)} to the primary`;
    return warning(check, `${message}: read-only`, primary);
  }
  const problem =
    unreadable(found) ?? describeMissing('visitor', await missingRights(sql, 'visitor'));
  if (problem) return failed(check, problem, null);
  const missing = await missingEntries(sql);
  if (missing.length === 0) return ok(check, `${message}; our tables are up to date`);
  const lacks = `${message}; not applied yet: ${missing.join(', ')}`;
  return failed(check, lacks, `npx lrm migrate --database ${name}`);
}
