import { drizzle } from 'drizzle-orm/postgres-js';
import { connect, type Sql } from '../../../drizzle/connect';
import { applicationName } from '../../../drizzle/rows/sessions';
import type { Attempt, Progress } from '../../../jobs/context/attempt';
import { createBatches } from '../../../jobs/context/batches';
import { Tally } from '../../../jobs/context/walk/tally';

/** The context that a job thread would make, without a worker and without Temporal. */
export interface TestAttempt extends Attempt {
  readonly job: ReturnType<typeof createBatches>;
  readonly walks: Tally;
  /** All progress that was reported, in order. */
  readonly reports: readonly Progress[];
  /** How often a batch or a checkpoint was stored. */
  readonly kept: () => number;
  /** Asks the attempt to stop, as a time limit does. */
  stop(reason: Error): void;
  /** Ends the attempt's sessions. */
  end(): Promise<void>;
}

/**
 * Claims the next attempt of a migration, and registers the migration if needed. End it with
 * `end()`.
 */
export async function beginAttempt(
  database: { readonly databaseUrl: string; readonly sql: Sql },
  migration = '0001_walk',
  { unthrottled = false } = {},
): Promise<TestAttempt> {
  const claimed = await claim(database.sql, migration);
  const { id } = claimed;
  const pool = connect(database.databaseUrl, { applicationName: applicationName(id), max: 16 });
  const ddl = connect(database.databaseUrl, { applicationName: applicationName(id), max: 1 });
  const canary = connect(database.databaseUrl, { applicationName: applicationName(id), max: 1 });
  const stopping = new AbortController();
  const reports: Progress[] = [];
  let kept = 0;
  const attempt: Attempt = {
    migration,
    ...claimed,
    db: drizzle(pool),
    ddl,
    canary,
    signal: stopping.signal,
    log: silent,
    unthrottled,
    report: (progress) => void reports.push(progress),
    progressed: () => {
      kept += 1;
    },
  };
  const walks = new Tally(attempt);
  return Object.assign(attempt, {
    job: createBatches(attempt, walks),
    walks,
    reports,
    kept: () => kept,
    stop: (reason: Error) => stopping.abort(reason),
    end: async () => {
      await Promise.all([pool, ddl, canary].map((each) => each.end({ timeout: 1 })));
    },
  });
}

/** Runs `work` in a new attempt, and ends the attempt's sessions in any case. */
export async function withAttempt<T>(
  database: { readonly databaseUrl: string; readonly sql: Sql },
  work: (attempt: TestAttempt) => Promise<T>,
  migration?: string,
): Promise<T> {
  const attempt = await beginAttempt(database, migration);
  try {
    return await work(attempt);
  } finally {
    await attempt.end();
  }
}

async function claim(sql: Sql, migration: string): Promise<Claimed> {
  const key = `long_running_migrations:${migration}`;
  return sql.begin(async (tx) => {
    await tx`insert into long_running_migrations.migrations (name) values (${migration}) on conflict do nothing`;
    await tx`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`;
    const [row] = await tx<{ id: string; number: number; epoch: string }[]>`
      insert into long_running_migrations.attempts (migration, number, worker, run_id, epoch)
      select ${migration}, count(*) + 1, 'test', 'test', gen_random_uuid()
      from long_running_migrations.attempts where migration = ${migration}
      returning id, number, epoch`;
    if (!row) throw new Error(`no attempt of ${migration}`);
    const [claimed] = await tx<{ server: string }[]>`
      update long_running_migrations.migrations
      set status = 'in_progress', current_attempt = ${row.id}, epoch = ${row.epoch}
      where name = ${migration}
      returning concat_ws(' ', extract(epoch from pg_postmaster_start_time()), tableoid) as server`;
    if (!claimed) throw new Error(`no row of ${migration}`);
    return { id: BigInt(row.id), number: row.number, epoch: row.epoch, ...claimed };
  });
}

type Claimed = Pick<Attempt, 'id' | 'number' | 'epoch' | 'server'>;

const silent = { debug() {}, info() {}, warn() {}, error() {} };
