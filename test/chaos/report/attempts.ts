import type { Sql } from '../../../drizzle/connect';

/** An attempt, from our tables. Times are milliseconds since 1970. */
export interface AttemptRow {
  readonly migration: string;
  readonly number: number;
  /** Of its worker. */
  readonly pid: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly outcome: string | null;
  readonly rowsDone: number;
}

/** All attempts, in order of their begin. */
export async function readAttempts(sql: Sql): Promise<AttemptRow[]> {
  return sql<AttemptRow[]>`
    select migration, number, split_part(worker, '@', 1)::int as pid, outcome::text as outcome,
      (extract(epoch from started_at) * 1000)::float8 as "startedAt",
      (extract(epoch from ended_at) * 1000)::float8 as "endedAt",
      rows_done::float8 as "rowsDone"
    from long_running_migrations.attempts order by id`;
}
