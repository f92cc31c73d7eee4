import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { register, startRun, waitForMigration } from '../support/migrations';
import { jobProcessesOf } from '../support/processes';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const NAME = '0001_measured';

/** Each batch waits until the table `go` has a row for its attempt. */
const JOB = `
  const { sql } = require('drizzle-orm');
  exports.run = (job) =>
    job.inBatches(sql\`ledger\`, { key: sql\`id\`, batchSize: { max: 10 } }, async (tx, batch) => {
      await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
      for (;;) {
        const [row] = await job.sql\`select from go where attempt = \${job.attempt}\`;
        if (row) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });`;

const canaries = () => servers.sql<{ session: string; commits: string }[]>`
  select session, commits from long_running_migrations.canaries order by id`;

test('a job process that is killed while its canary runs leaves no session, and the next walk removes its row', async () => {
  await servers.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, 30);
    create table go (attempt integer)`);
  const jobs = servers.jobsFolder();
  jobs.writeJob(NAME, JOB);
  const env = { LRM_RETRY_INITIAL_INTERVAL: '50 ms' };
  const worker = await servers.startWorker({ jobs, env });
  await register(servers, NAME);
  await startRun(servers);
  const [killed] = await waitFor('the canary to measure', async () => {
    const rows = await canaries();
    return rows.length > 0 && rows;
  });
  const sessions = () => servers.sql`
    select pid from pg_stat_activity where application_name = ${killed?.session ?? ''}`;
  expect((await sessions()).length).toBeGreaterThan(0);
  for (const pid of jobProcessesOf(worker.pid)) process.kill(pid, 'SIGKILL');
  await waitFor('the sessions of the killed process to end', async () => {
    return (await sessions()).length === 0;
  });
  const next = await waitFor('the next walk to measure, and to remove the row', async () => {
    const rows = await canaries();
    return rows.length === 1 && rows[0]?.session !== killed?.session && rows;
  });
  expect(next).toHaveLength(1);
  await servers.sql`insert into go values (2)`;
  await waitForMigration(servers, NAME, 'be completed', ({ status }) => status === 'completed');
  expect(await canaries()).toEqual([]);
  const touched = await servers.sql`select distinct touched from ledger`;
  expect(touched).toEqual([{ touched: 1 }]);
  expect(await worker.stop()).toBe(0);
}, 90_000);
