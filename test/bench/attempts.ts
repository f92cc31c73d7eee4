import { readOverview } from '../../activities/overview';
import { database } from '../../drizzle/database';
import { claim } from '../../drizzle/rows/claim';
import { pendingPages } from '../../drizzle/rows/pendingPages';
import { cleanEnvironment } from '../support/environment';
import { runLrm } from '../support/lrm';
import { count, spread, type Table } from './figures';
import type { Bench } from './server';
import { registerAnew } from './workers';

/** How the attempts are spread: over few migrations that run all the time, or over many. */
const MIGRATIONS = [15, 500, 10_000];
/** The last ones have not ended. */
const PENDING = 5;
/** Deploys in the year: each has brought other code. */
const HASHES = 100;

/**
 * The rows of a year. What operators type, and what each attempt and each listing does, must not
 * become slow with them.
 */
export async function attempts(bench: Bench, rows: number, rounds: number): Promise<Table> {
  const measured: string[][] = [];
  for (const migrations of MIGRATIONS) {
    await fill(bench, migrations, rows);
    const row = [
      count(migrations),
      ...(await timesOf(bench, rounds)).map((times) => spread(times, 0)),
    ];
    measured.push(row);
    console.log(`  ${row.join(', ')}`);
  }
  return {
    title: 'A year of attempts',
    text:
      `${count(rows)} attempts, spread over so many migrations, of which ${PENDING} have not ended; ` +
      `${rounds} rounds, milliseconds, median (min–max). \`lrm\` is a process that starts, connects ` +
      'and ends; the others are calls.',
    head: ['migrations', ...Object.keys(WAYS)],
    rows: measured,
  };
}

const WAYS: Readonly<Record<string, (bench: Bench) => Promise<unknown>>> = {
  '`lrm --version`': (bench) => lrm(bench, '--version'),
  '`lrm status`': (bench) => lrm(bench, 'status'),
  '`lrm status --json`': (bench) => lrm(bench, 'status', '--json'),
  '`lrm status <name>`': (bench) => lrm(bench, 'status', LONGEST),
  'a claim': claimOne,
  'a listing': list,
};

const LONGEST = '0001_year:t1';

async function timesOf(bench: Bench, rounds: number): Promise<number[][]> {
  const times = Object.keys(WAYS).map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [at, way] of Object.values(WAYS).entries()) {
      const begun = performance.now();
      await way(bench);
      times[at]?.push(performance.now() - begun);
    }
  }
  return times;
}

async function lrm({ databaseUrl, temporalAddress }: Bench, ...args: string[]): Promise<void> {
  const env = cleanEnvironment({ DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: temporalAddress });
  const { code, stderr } = await runLrm(env, args);
  if (code !== 0) throw new Error(stderr);
}

function claimOne({ sql }: Bench): Promise<unknown> {
  return claim(database(sql), {
    migration: LONGEST,
    worker: 'bench',
    runId: 'bench',
    scheduledAt: new Date(),
    jobHash: 'bench',
    heartbeatTimeout: 1,
  });
}

async function list({ sql }: Bench): Promise<void> {
  const db = database(sql);
  for await (const _page of pendingPages(db, { except: [] }));
  await readOverview(db, [LONGEST]);
}

async function fill(bench: Bench, migrations: number, rows: number): Promise<void> {
  const names = Array.from({ length: migrations }, (_, at) => `0001_year:t${at + 1}`);
  await registerAnew(bench, ...names);
  const each = Math.max(1, Math.floor(rows / migrations));
  const { sql } = bench;
  await sql`
    insert into long_running_migrations.attempts
      (migration, number, worker, run_id, epoch, started_at, heartbeat_at, ended_at, outcome,
       rows_done, progressed, job_hash, error)
    select '0001_year:t' || m, n, '4711@host', gen_random_uuid()::text, gen_random_uuid(),
      at, at + interval '1 minute', at + interval '1 minute',
      case n % 3 when 0 then 'timed_out' when 1 then 'interrupted' else 'retried' end
        ::long_running_migrations.attempt_outcome,
      1000, n % 10 <> 0, md5(((n - 1) * ${HASHES} / ${each})::text) || md5('b'),
      case when n % 3 = 2 then repeat('an error of some length. ', 8) end
    from generate_series(1, ${each}::int) n, generate_series(1, ${migrations}::int) m,
      lateral (select now() - interval '1 year' * (${each}::float8 - n) / ${each}::float8 - interval '2 minutes' as at) t
    order by n, m`;
  await sql`
    update long_running_migrations.migrations set attempts = ${each}, started_at = now() - interval '2 years',
      status = (case when number > ${PENDING} then 'completed' else 'in_progress' end)::long_running_migrations.migration_status,
      completed_at = case when number > ${PENDING} then now() end
    from (select name as named, row_number() over (order by created_at) as number
      from long_running_migrations.migrations) as numbered where named = name`;
  await sql`vacuum analyze long_running_migrations.attempts, long_running_migrations.migrations`;
}
