import type { JobsFolder } from '../support/jobsFolder';
import type { Site } from '../support/site';
import { waitFor } from '../support/waitFor';
import type { TestWorker } from '../support/workerProcess';

/** Migrations that each add 1 to every row of a table of its own, and what became of them. */
export interface Workload {
  readonly names: readonly string[];
  /** Writes the jobs `from` (included) to `upto` (excluded) into a folder. */
  writeJobs(jobs: JobsFolder, from: number, upto: number): void;
  register(from: number, upto: number): Promise<void>;
  /** Waits until so many are completed, and shows how many are. */
  untilCompleted(this: void, count: number): Promise<void>;
  /** @throws Error when a row was done twice or not at all, or a migration did not complete once */
  verify(): Promise<string>;
}

const ROWS = 60;
const BATCH = 10;

/** @param pause milliseconds that each batch takes longer, so that attempts get killed in the middle */
export async function createWorkload(
  { sql }: Site,
  count: number,
  pause: number,
): Promise<Workload> {
  const names = Array.from(
    { length: count },
    (_, index) => `${String(index + 1).padStart(4, '0')}_adds`,
  );
  for (const name of names) {
    await sql.unsafe(`
      create table rows_${name} (id bigint primary key, n integer not null default 0);
      insert into rows_${name} (id) select generate_series(1, ${ROWS})`);
  }
  return {
    names,
    writeJobs: (jobs, from, upto) => {
      for (const name of names.slice(from, upto)) jobs.writeJob(name, sourceOf(name, pause));
    },
    register: async (from, upto) => {
      for (const name of names.slice(from, upto)) {
        await sql`insert into long_running_migrations.migrations (name) values (${name})`;
      }
    },
    untilCompleted: (wanted) => untilCompleted(sql, wanted),
    verify: () => verify(sql, names),
  };
}

/** Waits until a worker runs an attempt. */
export async function underWay({ sql }: Site, { pid }: TestWorker): Promise<void> {
  await waitFor(
    `worker ${pid} to run an attempt`,
    async () => {
      const [row] = await sql`
        select from long_running_migrations.attempts
        where worker like ${`${pid}@%`} and ended_at is null`;
      return row;
    },
    STEP_WITHIN,
  );
}

/** Long enough for a busy machine. Milliseconds. */
const STEP_WITHIN = 600_000;

async function untilCompleted(sql: Site['sql'], wanted: number): Promise<void> {
  let shown = 0;
  await waitFor(
    `${wanted} migrations to be completed`,
    async () => {
      const [row] = await sql<{ n: number }[]>`
        select count(*)::int as n from long_running_migrations.migrations where status = 'completed'`;
      const now = row?.n ?? 0;
      if (now >= shown + 10 || now >= wanted) {
        console.log(`${now} completed`);
        shown = now;
      }
      return now >= wanted;
    },
    STEP_WITHIN,
  );
}

const sourceOf = (name: string, pause: number): string => `
const { bigint, integer, pgTable } = require('drizzle-orm/pg-core');
const { sql } = require('drizzle-orm');
const rows = pgTable('rows_${name}', { id: bigint({ mode: 'bigint' }).primaryKey(), n: integer() });
exports.run = async (job) => {
  const options = { key: rows.id, throttle: false, batchSize: { min: ${BATCH}, max: ${BATCH} } };
  await job.inBatches(rows, options, async (tx, batch) => {
    await tx.update(rows).set({ n: sql\`n + 1\` }).where(batch);
    await new Promise((resolve) => setTimeout(resolve, ${pause}));
  });
};`;

async function verify(sql: Site['sql'], names: readonly string[]): Promise<string> {
  const wrong: string[] = [];
  for (const name of names) {
    const found = await sql<{ n: number; rows: number }[]>`
      select n, count(*)::int as rows from ${sql(`rows_${name}`)} group by n`;
    const text = found.map(({ n, rows }) => `${rows} rows ${n} times`).join(', ');
    if (text !== `${ROWS} rows 1 times`) wrong.push(`${name}: ${text}`);
  }
  const ends = await sql<{ name: string; status: string; completed: number }[]>`
    select name, status, (select count(*)::int from long_running_migrations.attempts
      where migration = name and outcome = 'completed') as completed
    from long_running_migrations.migrations`;
  for (const { name, status, completed } of ends) {
    if (status !== 'completed' || completed !== 1) {
      wrong.push(`${name} is ${status}, completed by ${completed} attempts`);
    }
  }
  if (ends.length !== names.length) wrong.push(`${ends.length} of ${names.length} are registered`);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  const outcomes = await sql<{ text: string }[]>`
    select count(*) || ' ' || coalesce(outcome::text, 'without an end') as text
    from long_running_migrations.attempts group by outcome order by count(*) desc`;
  const workers = await sql`select distinct worker from long_running_migrations.attempts`;
  return (
    `${names.length} migrations completed, each row done once; attempts: ` +
    `${outcomes.map(({ text }) => text).join(', ')}; by ${workers.length} workers`
  );
}
