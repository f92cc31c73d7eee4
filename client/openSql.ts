import { connect, type Sql } from '../drizzle/connect';
import { UsageError } from '../settings/usageError';

/** An operator must not wait for ever for somebody's open transaction. */
const SESSION_SETTINGS = { lock_timeout: '10s', statement_timeout: '60s' };

/** @throws UsageError for an invalid URL; it does not quote the URL, which has a password */
export function openSql(databaseUrl: string): Sql {
  // The driver would connect to localhost for an empty URL.
  if (databaseUrl === '')
    throw new UsageError(
      'DATABASE_URL is not set: set it, as in postgres://user:password@host/database',
    );
  return connect(databaseUrl, {
    max: 2,
    applicationName: 'lrm',
    settings: SESSION_SETTINGS,
    // What an operator was told has happened must survive a crash.
    durable: true,
  });
}
