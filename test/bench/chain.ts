import { createJobsFolder } from '../support/jobsFolder';
import type { Table } from './figures';
import type { Bench } from './server';
import { registerAnew, startRun, startWorker } from './workers';

const AT_ONCE = 4;

/** Migrations of which each depends on the one before: each has to be found as soon as it may begin. */
export async function chain(bench: Bench, length: number): Promise<Table> {
  const rows: string[][] = [];
  for (const [way, dependsOn] of Object.entries(WAYS)) {
    const seconds = await run(bench, length, dependsOn);
    rows.push([way, seconds.toFixed(1), ((seconds * 1_000) / length).toFixed(0)]);
    console.log(`  ${rows.at(-1)?.join(', ')}`);
  }
  return {
    title: 'A chain of dependencies',
    text:
      `${length} migrations in a file each, ${AT_ONCE} at a time, which do nothing. All are registered ` +
      'in the order of their names, or in the reverse order: then each listing passes by all that wait.',
    head: ['', 'seconds', 'ms each'],
    rows,
  };
}

type DependsOn = (at: number, length: number) => number | undefined;

const WAYS: Readonly<Record<string, DependsOn>> = {
  'none depends on another': () => undefined,
  'each on the one before it': (at) => (at > 1 ? at - 1 : undefined),
  'each on the one after it': (at, length) => (at < length ? at + 1 : undefined),
};

async function run(bench: Bench, length: number, dependsOn: DependsOn): Promise<number> {
  const jobs = createJobsFolder();
  try {
    const numbers = Array.from({ length }, (_, at) => at + 1);
    for (const at of numbers) {
      const other = dependsOn(at, length);
      const names = other === undefined ? '' : `'${nameOf(other)}'`;
      jobs.writeJob(nameOf(at), `exports.dependsOn = [${names}]; exports.run = async () => {};`);
    }
    await registerAnew(bench, ...numbers.map(nameOf));
    const worker = await startWorker(bench, jobs.path, { LRM_MAX_CONCURRENT: String(AT_ONCE) });
    const ended = await startRun(bench);
    await ended();
    await worker.stop();
    await requireInOrder(
      bench,
      length,
      numbers.map((at) => dependsOn(at, length)),
    );
    const [row] = await bench.sql<{ seconds: number }[]>`
      select extract(epoch from max(ended_at) - min(started_at))::float8 as seconds
      from long_running_migrations.attempts`;
    return row?.seconds ?? Number.NaN;
  } finally {
    jobs.remove();
  }
}

const nameOf = (at: number): string => `${String(at).padStart(4, '0')}_link`;

/** A chain that was fast because it was not one would be no result. */
async function requireInOrder(
  { sql }: Bench,
  length: number,
  others: readonly (number | undefined)[],
): Promise<void> {
  const rows = await sql<{ name: string; started: number; ended: number }[]>`
    select name, extract(epoch from a.started_at)::float8 as started,
      extract(epoch from a.ended_at)::float8 as ended
    from long_running_migrations.migrations m join long_running_migrations.attempts a on a.migration = m.name
    where m.status = 'completed' order by name`;
  if (rows.length !== length) throw new Error(`${rows.length} attempts of ${length} migrations`);
  for (const [at, other] of others.entries()) {
    const before = other === undefined ? undefined : rows[other - 1];
    const row = rows[at];
    if (before && row && row.started < before.ended) {
      throw new Error(`${row.name} began before ${before.name} had ended`);
    }
  }
}
