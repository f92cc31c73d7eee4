import { availableParallelism } from 'node:os';
import { sql } from 'drizzle-orm';
import type { Database } from '../attempt';

/** More lanes mean more sessions, and one JavaScript thread serves them all. */
export const AUTO_LANES_AT_MOST = 8;

/**
 * How many lanes the database's server may have a use for: as many as it has cores. Postgres doesn't
 * say how many these are. If it runs on this machine, they are ours. Otherwise `max_worker_processes`
 * stands for them: 8 by default, and managed databases set it by their cores. It is only a limit: lanes
 * that do not do more rows are taken back.
 */
export async function guessLanes(db: Database): Promise<number> {
  const [found] = await db.execute<{ local: boolean; workers: number }>(sql`
    select inet_server_addr() is null or inet_server_addr() = inet_client_addr() as local,
      current_setting('max_worker_processes')::int as workers`);
  const cores = found?.local === false ? found.workers : availableParallelism();
  return Math.max(1, Math.min(AUTO_LANES_AT_MOST, cores));
}
