import type { Sql } from '../../../drizzle/connect';
import type { AttemptOutcome, MigrationStatus } from '../../../drizzle/schema';

/** Inserts a migration with this status. */
export async function insertMigration(
  sql: Sql,
  name: string,
  status: MigrationStatus = 'created',
): Promise<void> {
  await sql`insert into long_running_migrations.migrations (name, status) values (${name}, ${status})`;
}

/** Inserts a migration with a running attempt, whose last heartbeat is `silentFor` seconds old. */
export async function insertRunning(sql: Sql, name: string, silentFor = 0): Promise<bigint> {
  await insertMigration(sql, name, 'in_progress');
  const [attempt] = await sql<{ id: string }[]>`
    insert into long_running_migrations.attempts (migration, number, worker, run_id, started_at, heartbeat_at)
    values (${name}, 1, '1@test', 'run', now() - interval '100 seconds',
            now() - ${silentFor} * interval '1 second')
    returning id`;
  if (!attempt) throw new Error('no attempt was inserted');
  await sql`
    update long_running_migrations.migrations set current_attempt = ${attempt.id}, attempts = 1
    where name = ${name}`;
  return BigInt(attempt.id);
}

/** Inserts an attempt that has ended. */
export async function insertEnded(
  sql: Sql,
  name: string,
  number: number,
  outcome: AttemptOutcome,
  progressed = false,
): Promise<void> {
  await sql`
    insert into long_running_migrations.attempts
      (migration, number, worker, run_id, ended_at, outcome, progressed)
    values (${name}, ${number}, '1@test', 'run', now(), ${outcome}, ${progressed})`;
}

/** Reads a migration's row, with the database's column names. */
export async function row(sql: Sql, name: string): Promise<Record<string, unknown>> {
  const [found] = await sql`select * from long_running_migrations.migrations where name = ${name}`;
  if (!found) throw new Error(`${name} is not there`);
  return found;
}
