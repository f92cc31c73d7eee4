import { completeUrl } from './postgresUrl/given';
import { missingFile, readTarget } from './postgresUrl/target';
import { UsageError } from './usageError';

/** The URLs of further databases, besides DATABASE_URL, by their names. URLs hold passwords. */
export type DatabaseUrls = Readonly<Record<string, string>>;

/** What the name of a further database looks like. */
const NAME = /^[a-z][a-z0-9_]*$/;
const SETTING = /^LRM_DATABASE_([A-Z][A-Z0-9_]*)_URL$/;
/** Surely meant as one. `LRM_DATABASE_URL` is not: it has no name. */
const NEARLY = /^LRM_DATABASE_.+_URL$/i;

const POSTGRES_URL = /^postgres(ql)?:\/\/\S*$/;
/** The shape of a value, for messages: the value itself is never quoted. */
export const URL_SHAPE = 'postgres://user:password@host:5432/database';

/** The setting that holds the URL of a further database: 'archive' → 'LRM_DATABASE_ARCHIVE_URL'. */
export const databaseSetting = (name: string): string => `LRM_DATABASE_${name.toUpperCase()}_URL`;

/** Whether a text can be the name of a further database. */
export const isDatabaseName = (name: unknown): name is string =>
  typeof name === 'string' && NAME.test(name);

/** Whether a setting names a further database. */
export const isDatabaseSetting = (setting: string): boolean => SETTING.test(setting);

/**
 * Reads the settings `LRM_DATABASE_<NAME>_URL`.
 * @param problems gets a line for each one that can't be used; none quotes a URL
 */
export function readDatabases(env: NodeJS.ProcessEnv, problems: string[]): DatabaseUrls {
  const urls: Record<string, string> = {};
  for (const [setting, url] of Object.entries(env)) {
    if (!url || !NEARLY.test(setting)) continue;
    const name = SETTING.exec(setting)?.[1]?.toLowerCase();
    if (name === undefined) {
      problems.push(
        `${setting}: write the database's name in A-Z, 0-9 and _, beginning with a letter, as in LRM_DATABASE_ARCHIVE_URL`,
      );
    } else {
      const complete = readUrl(url, setting, env, problems);
      if (complete !== undefined) urls[name] = complete;
    }
  }
  return urls;
}

/**
 * Reads a setting that holds a URL, with what the environment's `PG*` variables add to it.
 * @param problems gets a line when it can't be used, which does not quote it: it holds a password
 */
export function readUrl(
  url: string,
  setting: string,
  env: NodeJS.ProcessEnv,
  problems: string[],
): string | undefined {
  if (!POSTGRES_URL.test(url)) {
    problems.push(`${setting}: not a Postgres URL; write ${URL_SHAPE}`);
    return undefined;
  }
  try {
    const complete = completeUrl(url, setting, env);
    const missing = missingFile(readTarget(complete, setting, {}));
    if (missing === undefined) return complete;
    problems.push(`${setting}: ${missing}`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(error.message);
  }
  return undefined;
}
