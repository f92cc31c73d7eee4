import { WORKER_LOST } from '../../../../drizzle/rows/live';
import type { ChaosSet } from '../../chaosSet';

/** All that a running attempt would change. */
export interface State {
  /** pg_current_snapshot() of the statement that reads it. */
  readonly snapshot: string;
  readonly status: string;
  readonly attempts: number;
  /** Attempts without an end. */
  readonly open: number;
  /**
   * Sessions of its attempts in the database, without those of attempts that were taken for dead: a
   * worker that lives and was cut off may connect once more, before it learns that it has lost the fence.
   */
  readonly sessions: number;
  /** What its walks have done, and where they are. Null: it has none. */
  readonly walks: string | null;
  readonly ranges: string;
}

/** @throws Error when it is not registered */
export async function readState({ postgres }: ChaosSet, name: string): Promise<State> {
  const [state] = await postgres.sql<State[]>`
    select pg_current_snapshot()::text as snapshot, m.status, m.attempts,
      (select count(*)::int from long_running_migrations.attempts
        where migration = m.name and ended_at is null) as open,
      (select count(*)::int from pg_stat_activity s join long_running_migrations.attempts a
        on s.application_name = 'lrm:long_running_migrations:' || a.id
        where a.migration = m.name and a.error is distinct from ${WORKER_LOST}) as sessions,
      (select string_agg(concat_ws(' ', w.id, w.rows_done, w.low_water_mark, w.cursor), ', ' order by w.id)
        from long_running_migrations.walks w where w.migration = m.name) as walks,
      (select concat_ws(' ', count(*), sum(r.rows), max(r.id))
        from long_running_migrations.finished_ranges r
        join long_running_migrations.walks w on w.id = r.walk
        where w.migration = m.name) as ranges
    from long_running_migrations.migrations m where m.name = ${name}`;
  if (!state) throw new Error(`${name} is not registered`);
  return state;
}
