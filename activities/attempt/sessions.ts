import { sql } from 'drizzle-orm';
import { applicationName } from '../../jobs/thread/applicationName';
import type { OwnDatabase } from '../database';

/** A session ends at once, unless its server is overloaded. Milliseconds. */
const WAIT_FOR_END = 2_000;

/**
 * Ends the database sessions of these attempts, wherever they are connected from, and waits until
 * they have. A statement in progress is rolled back. Needs no superuser: they are the same role's.
 */
export async function endSessions(db: OwnDatabase, attemptIds: readonly bigint[]): Promise<void> {
  if (attemptIds.length === 0) return;
  const names = sql.join(
    attemptIds.map((id) => sql`${applicationName(id)}`),
    sql`, `,
  );
  await db.execute(sql`
    select pg_terminate_backend(pid, ${WAIT_FOR_END}) from pg_stat_activity
    where application_name in (${names})
      and datname = current_database() and usename = current_user`);
}
