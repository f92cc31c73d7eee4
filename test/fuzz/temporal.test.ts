import { beforeAll, expect } from '@jest/globals';
import fc from 'fast-check';
import { useDevServers } from '../support/devServers';
import { migration, register, startRun } from '../support/migrations';
import { waitFor } from '../support/waitFor';
import type { TestWorker } from '../support/workerProcess';
import { fuzz } from './fuzz';
import { acts } from './temporal/acts';
import { doAct } from './temporal/doAct';

// What is sent by hand harms neither the run nor its worker: the run's migration is completed, each
// row once.
const servers = useDevServers();
const JOB = '0001_walks';
let worker: TestWorker;

beforeAll(async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    JOB,
    `const { sql } = require('drizzle-orm');
     exports.run = async (job) => {
       const options = { key: sql\`id\`, throttle: false, batchSize: { min: 10, max: 10 }, lanes: 1 };
       await job.inBatches(sql\`items\`, options, async (tx, batch) => {
         await tx.execute(sql\`update items set touched = touched + 1 where \${batch}\`);
         await tx.execute(sql\`select pg_sleep(0.02)\`);
       });
     };`,
  );
  worker = await servers.startWorker({ jobs, env: { LRM_RETRY_INITIAL_INTERVAL: '100 ms' } });
});

fuzz(
  'what is sent to Temporal by hand gets a clear error, and all else goes on',
  2,
  fc.array(acts, { minLength: 2, maxLength: 5 }),
  async (all) => {
    await servers.sql.unsafe(`
      truncate long_running_migrations.migrations, long_running_migrations.walks,
        long_running_migrations.finished_ranges cascade;
      drop table if exists items;
      create table items (id integer primary key, touched integer not null default 0);
      insert into items select generate_series(1, 200)`);
    await register(servers, JOB);
    await startRun(servers);
    for (const act of all) await doAct(servers, act);
    const { status, error } = await waitFor(
      `${JOB} to end`,
      async () => {
        // As the next tick does: what was sent may have ended the run, or made it leave this one out.
        await startRun(servers);
        const row = await migration(servers, JOB);
        return ['completed', 'failed'].includes(row.status) && row;
      },
      60_000,
    );
    const rows = await servers.sql`select touched, count(*)::int as rows from items group by 1`;
    expect({ status, error, rows: [...rows] }).toEqual({
      ...{ status: 'completed', error: null },
      rows: [{ touched: 1, rows: 200 }],
    });
    expect(worker.log().filter(({ level }) => level === 'fatal')).toEqual([]);
    await endAll();
  },
);

/** So that the next values find nothing of these. */
async function endAll(): Promise<void> {
  const { workflow, schedule } = servers.client;
  await schedule
    .getHandle('long-running-migrations')
    .delete()
    .catch(() => {});
  for await (const { workflowId, status } of workflow.list()) {
    if (status.name !== 'RUNNING') continue;
    await workflow
      .getHandle(workflowId)
      .terminate()
      .catch(() => {});
  }
}
