import { sql } from 'drizzle-orm';
import type { Database } from './attempt';

/**
 * Names the replica that is furthest behind, if it is more than `limitMs` behind. Undefined when
 * none is. Also undefined when the role may not see replicas: that needs pg_monitor.
 */
export async function replicaBehind(db: Database, limitMs: number): Promise<string | undefined> {
  const [slowest] = await db.execute<{ name: string; seconds: number }>(sql`
    select coalesce(nullif(application_name, ''), host(client_addr), 'local') as name,
      extract(epoch from replay_lag)::float8 as seconds
    from pg_stat_replication where replay_lag is not null order by replay_lag desc limit 1`);
  if (!slowest || slowest.seconds * 1_000 <= limitMs) return undefined;
  return `replica ${slowest.name} ${Math.round(slowest.seconds)} s behind`;
}
