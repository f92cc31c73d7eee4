import type { Sql } from '../../drizzle/connect';
import { OWN_SESSIONS, SHARED_SESSIONS, sharesSessions } from '../../drizzle/connection/pooler';
import { type Database, database } from '../../drizzle/database';
import { missingEntries } from '../../drizzle/migrator/migrate';
import { askOther } from '../../drizzle/otherDatabase';
import { describeMissing, missingRights } from '../../drizzle/rights/missingRights';
import { hasTables, readInstallation, unreadable } from '../../drizzle/rows/installed';
import { readLostElsewhere } from '../../drizzle/rows/lostElsewhere';
import { type DatabaseUrls, databaseSetting } from '../../settings/databases';
import { firstNames } from '../../settings/firstOf';
import { type Finding, failed, ok, warning } from '../../worker/health/finding';

/**
 * Checks a further database. Jobs may only read there, so our tables may be missing.
 * @param main the main database, which says what is completed
 */
export async function checkOtherDatabase(
  urls: DatabaseUrls,
  name: string,
  main: Database,
): Promise<Finding> {
  const check = `database ${name}`;
  const asked = await askOther(urls, name, { applicationName: 'lrm doctor' }, async (sql) => {
    const finding = await checkIn(sql, check, name);
    return finding.state === 'ok' ? ((await lost(sql, check, name, main)) ?? finding) : finding;
  });
  if ('problem' in asked) return failed(check, asked.problem, null);
  const setting = databaseSetting(name);
  const options = { applicationName: 'lrm doctor', setting };
  return (await sharesSessions(urls[name] ?? '', options))
    ? failed(check, SHARED_SESSIONS, `set ${setting} to ${OWN_SESSIONS}`)
    : asked.answer;
}

/** More would only make the line longer. */
const NAMED_AT_MOST = 3;

async function lost(
  sql: Sql,
  check: string,
  name: string,
  main: Database,
): Promise<Finding | undefined> {
  // Where one of both has none of our tables, nothing has walked.
  const names = await readLostElsewhere(main, database(sql), name).catch(() => []);
  if (names.length === 0) return undefined;
  const walks = names.length === 1 ? 'its walk there is not' : 'their walks there are not';
  return warning(
    check,
    `${firstNames(names, NAMED_AT_MOST)}: completed, but ${walks}: that database was restored to an earlier time`,
    'docs/disaster.md, "A further database restored, the main one not"',
  );
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
