import { connect, type Sql } from '../drizzle/connect';
import { UsageError } from '../settings/usageError';

/** An operator must not wait for ever behind somebody's open transaction. */
const SESSION_SETTINGS = { lock_timeout: '10s', statement_timeout: '60s' };

/** @throws UsageError when the URL can't be read; it isn't quoted, since it holds a password */
export function openSql(databaseUrl: string): Sql {
  // The driver would take an empty one for localhost.
  if (databaseUrl === '') throw new UsageError('DATABASE_URL is not set');
  return connect(databaseUrl, { max: 2, applicationName: 'lrm', settings: SESSION_SETTINGS });
}
