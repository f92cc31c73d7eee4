import { expect, test } from '@jest/globals';
import { connect } from '../../drizzle/connect';
import { useDevServers } from '../support/devServers';
import { startRun } from '../support/migrations';
import { startPostgres } from '../support/postgres';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const ROWS = 4_000;

const WALK = `exports.run = async (job) => {
  const { sql } = require('drizzle-orm');
  const options = { key: sql\`id\`, lanes: 3, throttle: false, batchSize: { min: 10, max: 10 } };
  await job.inBatches(sql\`ledger\`, options, async (tx, batch) => {
    await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
    await tx.execute(sql\`select pg_sleep(0.02)\`);
  });
};`;

// When one backend is killed, Postgres ends all sessions and recovers. Commits that were not yet on
// disk are lost, and batches don't wait for the disk. The server's start time stays the same, so only
// lost sessions show it.
test('a walk does each row once when backends are killed and the server crashes', async () => {
  const postgres = await startPostgres();
  const sql = connect(postgres.url, { applicationName: 'test', max: 1 });
  await sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, ${ROWS});
    insert into long_running_migrations.migrations (name) values ('0001_walk')`);
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_walk', WALK);
  const worker = await servers.startWorker({
    jobs,
    env: { DATABASE_URL: postgres.url, LRM_RETRY_INITIAL_INTERVAL: '100ms' },
  });
  const run = await startRun(servers);
  const touched = async () => {
    const [row] = await sql<
      { n: number }[]
    >`select count(*)::int as n from ledger where touched > 0`;
    return row?.n ?? 0;
  };

  let before = 0;
  for (let kills = 0; kills < 4; kills++) {
    const victim = await waitFor('the walk to make progress', async () => {
      const now = await touched().catch(() => 0);
      if (now < before + 300) return undefined;
      before = now;
      const [row] = await sql<{ pid: number }[]>`
        select pid from pg_stat_activity where application_name like 'lrm:%' limit 1`;
      return row?.pid;
    });
    if (kills % 2 === 0) process.kill(victim, 'SIGKILL');
    else await postgres.restartImmediate();
    await waitFor('Postgres to be back', () => sql`select 1`.catch(() => false));
  }

  await run.result();
  const counts = await sql`select touched, count(*)::int as rows from ledger group by touched`;
  expect(counts).toEqual([{ touched: 1, rows: ROWS }]);
  const [row] = await sql`select status from long_running_migrations.migrations`;
  expect(row).toEqual({ status: 'completed' });
  expect(await worker.stop()).toBe(0);
  await sql.end({ timeout: 1 });
  await postgres.stop();
}, 120_000);
