import { type SQL, sql } from 'drizzle-orm';

/**
 * Makes the transaction's COMMIT wait until it is on disk, also where synchronous_commit is off by
 * default. All that was committed before on this server is on disk then, too.
 */
export const COMMIT_DURABLY: SQL = sql`select set_config('synchronous_commit', 'on', true)
  where current_setting('synchronous_commit') = 'off'`;
