import { createJobsFolder } from '../support/jobsFolder';
import { spread, type Table } from './figures';
import type { Bench } from './server';
import { registerAnew, startRun, startWorker } from './workers';

const MIGRATIONS = 100;

/** Measures the overhead of a migration: Temporal, the claim, the thread and the outcome. */
export async function startUp(bench: Bench): Promise<Table> {
  const jobs = createJobsFolder();
  const names = Array.from(
    { length: MIGRATIONS },
    (_, i) => `${String(i + 1).padStart(4, '0')}_nothing`,
  );
  for (const name of names) {
    jobs.writeJob(
      name,
      'exports.run = async (job) => void (await job.sql`insert into ran values (${job.name}, clock_timestamp())`);',
    );
  }
  await reset(bench, names);
  const worker = await startWorker(bench, jobs.path);
  const ended = await startRun(bench);
  await ended();
  await worker.stop();
  jobs.remove();
  return report(bench);
}

async function reset(bench: Bench, names: readonly string[]): Promise<void> {
  await bench.sql.unsafe(`
    drop table if exists ran;
    create table ran (name text, at timestamptz)`);
  await registerAnew(bench, ...names);
}

async function report({ sql }: Bench): Promise<Table> {
  const rows = await sql<{ start: number; each: number }[]>`
    select extract(epoch from ran.at - a.started_at)::float8 * 1000 as start,
      extract(epoch from a.started_at - lag(a.started_at) over (order by a.id))::float8 * 1000 as each
    from long_running_migrations.attempts a join ran on ran.name = a.migration order by a.id`;
  return {
    title: 'Migrations that do almost nothing',
    text: `${MIGRATIONS} of them, one at a time; median (min–max) in milliseconds.`,
    head: ['', 'ms'],
    rows: [
      [
        'from the claim to the first statement of `run()`',
        spread(
          rows.map(({ start }) => start),
          0,
        ),
      ],
      [
        'from one claim to the next',
        spread(
          rows.slice(1).map(({ each }) => each),
          0,
        ),
      ],
    ],
  };
}
