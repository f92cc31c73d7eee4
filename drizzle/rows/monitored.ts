import { sql } from 'drizzle-orm';
import type { Database } from '../database';
import { attempts, type MigrationStatus, migrations, skippedRows } from '../schema';
import { JOB_OF } from './jobOf';

/** What metrics show of a migration: of all that is registered of one job's file. */
export interface Monitored {
  /** The file's name. */
  readonly job: string;
  /** How many registrations have each status. */
  readonly statuses: Partial<Record<MigrationStatus, number>>;
  readonly rowsDone: number;
  /** Null: not known of one of them. */
  readonly rowsInAll: number | null;
  /** 0 to 1, the mean of all registrations. Null: not known. */
  readonly ratio: number | null;
  /** Of those in progress, the most seconds since one has made progress. Null: none is. */
  readonly sinceProgress: number | null;
  /** The same since a heartbeat. */
  readonly silent: number | null;
  /** Of those in progress, the most seconds that are left at the speed of the attempt. Null: not known. */
  readonly remaining: number | null;
  /** Of those that have not begun, for how many seconds the oldest is pending. Null: all have. */
  readonly pendingFor: Pending;
  readonly skipped: number;
  /** Whether one of them has not ended, has failed, or has changed in the last day. */
  readonly isRecent: boolean;
}

export interface Pending {
  /** Nothing is known that it waits for. */
  readonly unexplained: number | null;
  /** Its row says why it is not started. */
  readonly explained: number | null;
}

interface Row extends Record<string, unknown> {
  readonly job: string;
  readonly statuses: Monitored['statuses'];
  readonly done: number;
  readonly total: number | null;
  readonly ratio: number | null;
  readonly since_progress: number | null;
  readonly silent: number | null;
  readonly remaining: number | null;
  readonly unexplained: number | null;
  readonly explained: number | null;
  readonly skipped: number;
  readonly recent: boolean;
}

/** Reads all jobs that are registered, in the order of their names. One look at each row. */
export async function readMonitored(db: Database): Promise<Monitored[]> {
  const m = migrations;
  const age = (since: unknown) => sql`extract(epoch from now() - ${since})::float8`;
  // An operator's last word counts: one that is retried after a year is not pending for a year.
  const pending = age(sql`greatest(${m.createdAt}, ${m.requestedAt})`);
  // As `lrm status` has it.
  const perSecond = sql`(a.rows_done / nullif(extract(epoch from a.heartbeat_at - a.started_at), 0))::float8`;
  const rows = await db.execute<Row>(sql`
    with each as (
      select ${JOB_OF} as job, ${m.status} as status, ${m.rowsDone} as done,
        case when ${m.status} in ('completed', 'reverted') then ${m.rowsDone}
          else greatest(${m.rowsTotal}, ${m.rowsDone}) end as total,
        case when ${m.rowsTotal} is null and ${m.status} not in ('completed', 'reverted')
          then true end as unknown,
        case when ${m.status} in ('completed', 'reverted') then 1
          when ${m.rowsTotal} > 0 then least(1, ${m.rowsDone}::float8 / ${m.rowsTotal})
          when ${m.attempts} = 0 then 0 end as ratio,
        case when ${m.status} = 'in_progress'
          then ${age(sql`coalesce(${m.progressedAt}, ${m.startedAt}, ${m.createdAt})`)} end as progress,
        ${age(sql`a.heartbeat_at`)} as beat,
        greatest(0, ${m.rowsTotal} - ${m.rowsDone}) / nullif(${perSecond}, 0) as remaining,
        case when ${m.status} = 'created' then ${pending} end as pending,
        ${m.waitsFor} is not null as explained,
        ${m.status} in ('created', 'in_progress', 'paused', 'failed')
          or ${m.updatedAt} > now() - interval '1 day' as recent
      from ${m} left join lateral (
        select rows_done, heartbeat_at, started_at from ${attempts}
        where ${attempts.migration} = ${m.name} and ${attempts.number} = ${m.attempts}
        order by ${attempts.id} desc limit 1
      ) a on ${m.status} = 'in_progress'
    ), skipped as (
      select split_part(${skippedRows.migration}, ':', 1) as job, count(*) as rows
      from ${skippedRows} group by 1
    ), counted as (
      select job, status, count(*) as count from each group by 1, 2
    )
    select job,
      (select jsonb_object_agg(status, count) from counted c where c.job = each.job) as statuses,
      sum(done)::float8 as done,
      case when bool_or(unknown) is null then sum(total)::float8 end as total,
      case when count(ratio) = count(*) then avg(ratio)::float8 end as ratio,
      max(progress) as since_progress, max(beat) as silent, max(remaining) as remaining,
      max(pending) filter (where not explained) as unexplained,
      max(pending) filter (where explained) as explained,
      coalesce((select rows from skipped s where s.job = each.job), 0)::float8 as skipped,
      bool_or(recent) as recent
    from each group by job order by job`);
  return [...rows].map(monitored);
}

const monitored = (row: Row): Monitored => ({
  job: row.job,
  statuses: row.statuses,
  rowsDone: row.done,
  rowsInAll: row.total,
  ratio: row.ratio,
  sinceProgress: row.since_progress,
  silent: row.silent,
  remaining: row.remaining,
  pendingFor: { unexplained: row.unexplained, explained: row.explained },
  skipped: row.skipped,
  isRecent: row.recent,
});
