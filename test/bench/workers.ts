import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { projectFolder } from '../../settings/projectFolder';
import { cleanEnvironment } from '../support/environment';
import { ready, spawnWorker, type TestWorker } from '../support/workerProcess';
import type { Bench } from './server';

/** The workflow ID of the run, and the task queue. */
export const RUN = 'long-running-migrations';

/** Starts a worker with all defaults, as in production, and waits until it polls. */
export function startWorker(
  bench: Bench,
  jobs: string,
  settings: NodeJS.ProcessEnv = {},
): Promise<TestWorker> {
  return ready(
    spawnWorker(
      cleanEnvironment({
        DATABASE_URL: bench.databaseUrl,
        TEMPORAL_ADDRESS: bench.temporalAddress,
        LRM_JOBS_DIR: jobs,
        ...settings,
      }),
    ),
  );
}

/** Empties our tables and registers these migrations. */
export async function registerAnew({ sql }: Bench, ...names: string[]): Promise<void> {
  await sql.unsafe(`truncate long_running_migrations.walks, long_running_migrations.finished_ranges,
    long_running_migrations.steps, long_running_migrations.skipped_rows,
    long_running_migrations.attempts, long_running_migrations.migrations`);
  // One after the other: they run in the order of their registration.
  await sql`
    insert into long_running_migrations.migrations (name, created_at)
    select name, now() + number * interval '1 microsecond' from unnest(${names}::text[]) with ordinality as each (name, number)`;
}

/** Starts a run and returns a function that waits for its end. */
export async function startRun(bench: Bench): Promise<() => Promise<void>> {
  const connection = await Connection.connect({ address: bench.temporalAddress ?? '' });
  const run = await new Client({ connection }).workflow.start('executeLongRunningMigrations', {
    workflowId: RUN,
    taskQueue: RUN,
  });
  return async () => {
    await run.result();
    await connection.close();
  };
}

/** The compiled jobs of the benchmarks. */
export const compiledJobs = path.join(projectFolder, 'dist/test/bench/jobs');
