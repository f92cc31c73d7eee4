import type { ChaosSet } from '../../chaosSet';
import { NothingToBreak } from '../../fault';

/** One of the primary's own processes, which are not for a session. */
export type BackgroundProcess = 'checkpointer' | 'walwriter' | 'background writer' | 'walsender';

/** @returns its process ID. @throws NothingToBreak when it does not run */
export async function backgroundProcess(set: ChaosSet, type: BackgroundProcess): Promise<number> {
  const [row] = await set.postgres.sql<{ pid: number }[]>`
    select pid from pg_stat_activity where backend_type = ${type} order by backend_start limit 1`;
  if (!row) throw new NothingToBreak(`Postgres has no ${type}`);
  return row.pid;
}
