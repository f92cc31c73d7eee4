import { type DatabaseUrls, databaseSetting } from '../settings/databases';
import { UsageError } from '../settings/usageError';
import { type ConnectOptions, connect, type Sql } from './connect';
import { explainElsewhere } from './explainPostgres';

/** What a further database answered, or why it did not: 'LRM_DATABASE_ARCHIVE_URL is not set here'. */
export type Asked<T> = { readonly answer: T } | { readonly problem: string };

/**
 * Calls `body` on a connection to a further database, which is closed afterwards. Any error is a
 * result: trouble with one further database must not end what concerns others.
 */
export async function askOther<T>(
  urls: DatabaseUrls | undefined,
  name: string,
  options: Pick<ConnectOptions, 'applicationName' | 'settings'>,
  body: (sql: Sql) => Promise<T>,
): Promise<Asked<T>> {
  const setting = databaseSetting(name);
  const url = urls && Object.hasOwn(urls, name) ? urls[name] : undefined;
  if (!url) return { problem: `${setting} is not set here` };
  let sql: Sql | undefined;
  try {
    sql = connect(url, { ...options, max: 1, setting });
    return { answer: await body(sql) };
  } catch (error) {
    const known = explainElsewhere(error, name) ?? unreadable(error);
    return { problem: known ?? `it does not answer (${setting})` };
  } finally {
    await sql?.end({ timeout: 1 });
  }
}

/** The URL could not be read. Its message names the setting, and quotes nothing of it. */
const unreadable = (error: unknown): string | undefined =>
  error instanceof UsageError ? error.message : undefined;
