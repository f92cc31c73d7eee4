import type { Sql } from '../../../drizzle/connect';
import { SCHEMA } from '../../../drizzle/schema';
import type { Work } from './canary';

/** What the database counts, at one time. */
export interface Counts {
  /** The server's clock. Milliseconds. */
  readonly at: number;
  /** Transactions that all sessions of this database have ended. */
  readonly ended: number;
  /** How long they have been active. Milliseconds. Undefined before Postgres 14. */
  readonly activeMs: number | undefined;
  /** False when the role, the database or the server has `track_counts` off. */
  readonly counted: boolean;
  /** Sessions of this attempt that the server works for just now. */
  readonly busy: number;
  /** What the attempts beside this one say of themselves, by the names of their sessions. */
  readonly others: ReadonlyMap<string, Work>;
}

/**
 * Attempts take a new row from time to time, so all rows that are in use are among the last ones. Older
 * numbers are not looked at: while somebody holds an old snapshot, their dead versions add up.
 */
const LATEST_ROWS = 100;

interface Row {
  readonly at: number;
  readonly ended: number;
  readonly active: number | null;
  readonly counted: boolean;
  readonly busy: number;
  readonly others: readonly (readonly [string, number, number])[];
}

/** Uses only what every role may see. The states of its own role's sessions are among that. */
export async function readCounts(sql: Sql): Promise<Counts> {
  const canaries = sql(`${SCHEMA}.canaries`);
  const [row] = await sql<Row[]>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as at,
      (xact_commit + xact_rollback)::float8 as ended,
      (to_jsonb(d) ->> 'active_time')::float8 as active,
      current_setting('track_counts') = 'on' as counted,
      (select count(*)::int from pg_stat_get_activity(null) a
        where a.application_name = current_setting('application_name') and a.datid = d.datid
          and a.pid <> pg_backend_pid() and a.state in ('active', 'fastpath function call')) as busy,
      (select coalesce(jsonb_agg(jsonb_build_array(session, commits, active_ms)), '[]')
        from ${canaries} where session <> current_setting('application_name')
          and id > (select max(id) from ${canaries}) - ${LATEST_ROWS}::int) as others
    from pg_stat_database d where d.datname = current_database()`;
  if (!row) throw new Error('pg_stat_database has no row of this database');
  const others = row.others.map(
    ([session, commits, activeMs]) => [session, { commits, activeMs }] as const,
  );
  const { at, ended, active, counted, busy } = row;
  return { at, ended, activeMs: active ?? undefined, counted, busy, others: new Map(others) };
}
