import { sql } from 'drizzle-orm';
import type { Database } from '../attempt';

/** A transaction that is idle for so long waits for something else than its next statement. */
const IDLE = '10 seconds';

/** How far a session is with its statement. */
export interface StatementProgress {
  /** 'building index: scanning table, 43 %'; undefined when Postgres does not say. */
  readonly text: string | undefined;
  /** Whether it waits for an idle transaction of the same attempt. */
  readonly ownTransaction: boolean;
}

/** Reads how far the session is. All sessions of an attempt have the same name and role. */
export async function readProgress(db: Database, pid: number): Promise<StatementProgress> {
  const [row] = await db.execute<Row>(sql`
    select phase, done::float8 as done, total::float8 as total, blockers[1] as blocker,
      exists (select from pg_stat_activity
        where pid = any(blockers) and state like 'idle in transaction%'
          and application_name = current_setting('application_name')
          and state_change < clock_timestamp() - ${IDLE}::interval) as own
    from (select pg_blocking_pids(${pid}) as blockers) waits left join lateral (
      select phase, case when phase like '%scanning%' then blocks_done else tuples_done end as done,
        case when phase like '%scanning%' then blocks_total else tuples_total end as total
      from pg_stat_progress_create_index where pid = ${pid}) progress on true`);
  if (!row) return { text: undefined, ownTransaction: false };
  const { phase, done, total, blocker, own } = row;
  const share =
    done !== null && total ? `, ${Math.min(100, Math.floor((done * 100) / total))} %` : '';
  const parts = [phase && `${phase}${share}`, blocker && `waits for session ${blocker}`];
  return { text: parts.filter(Boolean).join('; ') || undefined, ownTransaction: own };
}

interface Row extends Record<string, unknown> {
  readonly phase: string | null;
  readonly done: number | null;
  readonly total: number | null;
  readonly blocker: number | null;
  readonly own: boolean;
}
