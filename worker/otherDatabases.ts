import type { Log } from '../activities/log';
import type { Sql } from '../drizzle/connect';
import { missingEntries } from '../drizzle/migrator/migrate';
import { askOther } from '../drizzle/otherDatabase';
import { hasTables, readInstallation } from '../drizzle/rows/installed';
import type { DatabaseUrls } from '../settings/databases';
import { plainText } from '../settings/plainText';

/**
 * Logs a line for each further database that jobs can't work in now. The worker starts nevertheless:
 * most migrations don't need them.
 */
export async function warnOfOthers(urls: DatabaseUrls, log: Log): Promise<void> {
  await Promise.all(
    Object.keys(urls).map(async (name) => {
      const asked = await askOther(urls, name, { applicationName: 'lrm worker' }, missing);
      if ('problem' in asked) log.warn(plainText(`database ${name}: ${asked.problem}`));
      else if (asked.answer.length > 0) {
        const lacks = asked.answer.join(', ');
        log.warn(`database ${name} lacks ${lacks}; type: npx lrm migrate --database ${name}`);
      }
    }),
  );
}

/** A database without our tables is good enough for jobs that only read there. */
const missing = async (sql: Sql): Promise<string[]> =>
  hasTables(await readInstallation(sql)) ? missingEntries(sql) : [];
