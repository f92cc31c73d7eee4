import { connect } from '../drizzle/connect';
import { refusal, sharesSessions } from '../drizzle/connection/pooler';
import { missingEntries } from '../drizzle/migrator/migrate';
import { describeMissing, missingRights } from '../drizzle/rights/missingRights';
import { hasTables, readInstallation, unreadable } from '../drizzle/rows/installed';
import { requireSafeDriver, UnsafeDriver } from '../drizzle/safeDriver';
import { type DatabaseUrls, databaseSetting } from '../settings/databases';

/**
 * Why this code can't use the database: a pooler in between shares sessions, our tables are missing
 * or too old, its role lacks a right, or the driver is not safe. Waiting would not fix it. Undefined:
 * it can.
 * @param others further databases. One that does not answer is no problem: most jobs don't need it
 * @throws what connecting throws
 */
export async function databaseProblem(
  databaseUrl: string,
  others: DatabaseUrls,
): Promise<string | undefined> {
  const shared = await sharedSessions(databaseUrl, others);
  if (shared !== undefined) return shared;
  // With more than one connection the driver's test would prove nothing, see requireSafeDriver().
  const one = connect(databaseUrl, { max: 1, applicationName: 'lrm worker' });
  try {
    const found = await readInstallation(one);
    const hidden = hasTables(found) ? unreadable(found) : undefined;
    if (hidden !== undefined) return hidden;
    const missing = await missingEntries(one);
    if (missing.length > 0) {
      return `the database lacks ${missing.join(', ')}; type: npx lrm migrate`;
    }
    await requireSafeDriver(one);
    return describeMissing('worker', await missingRights(one, 'worker'));
  } catch (error) {
    if (error instanceof UnsafeDriver) return error.message;
    throw error;
  } finally {
    await one.end({ timeout: 2 });
  }
}

/** Where transactions share sessions, an attempt that was superseded could not be ended. */
async function sharedSessions(
  databaseUrl: string,
  others: DatabaseUrls,
): Promise<string | undefined> {
  const applicationName = 'lrm worker';
  if (await sharesSessions(databaseUrl, { applicationName })) {
    return refusal('DATABASE_URL');
  }
  const found = await Promise.all(
    Object.entries(others).map(async ([name, url]) => {
      const setting = databaseSetting(name);
      const isShared = await sharesSessions(url, { applicationName, setting }).catch(() => false);
      return isShared ? refusal(setting) : undefined;
    }),
  );
  return found.find((problem) => problem !== undefined);
}
