/** The URLs of further databases, besides DATABASE_URL, by their names. URLs hold passwords. */
export type DatabaseUrls = Readonly<Record<string, string>>;

/** What the name of a further database looks like. */
const NAME = /^[a-z][a-z0-9_]*$/;
const SETTING = /^LRM_DATABASE_([A-Z][A-Z0-9_]*)_URL$/;
/** Surely meant as one. `LRM_DATABASE_URL` is not: it has no name. */
const NEARLY = /^LRM_DATABASE_.+_URL$/i;

const POSTGRES_URL = /^postgres(ql)?:\/\/\S+$/;
/** The shape of a value, for messages: the value itself is never quoted. */
export const URL_SHAPE = 'postgres://user:password@host:5432/database';

/** Whether a text has the form of a Postgres URL. Node can't parse URLs with several hosts. */
export const isPostgresUrl = (text: string): boolean => POSTGRES_URL.test(text);

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
    } else if (isPostgresUrl(url)) urls[name] = url;
    else problems.push(`${setting}: not a Postgres URL; write ${URL_SHAPE}`);
  }
  return urls;
}
