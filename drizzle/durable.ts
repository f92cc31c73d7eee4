import { type SQL, sql } from 'drizzle-orm';

/**
 * Makes the transaction's COMMIT wait for the disk, even if synchronous_commit is off by default.
 * Everything that this server committed before is then on disk as well.
 */
export const COMMIT_DURABLY: SQL = sql`select set_config('synchronous_commit', 'on', true)
  where current_setting('synchronous_commit') = 'off'`;
