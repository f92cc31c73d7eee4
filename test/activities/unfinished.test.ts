import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { attempts, migration, register, runToEnd, startRun } from '../support/migrations';
import { waitFor } from '../support/waitFor';

// Jobs whose run() returns, or goes on, although their work is not done. In a worker, with real processes.
const servers = useDevServers();
const FAST = {
  LRM_HEARTBEAT_TIMEOUT: '2 seconds',
  LRM_RETRY_INITIAL_INTERVAL: '200ms',
  LRM_STOP_GRACE: '200ms',
};
const NAME = '0001_ledger';

beforeEach(async () => {
  await servers.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, 200)`);
  await register(servers, NAME);
});

afterEach(async () => {
  await servers.sql`drop table ledger`;
  await servers.sql`truncate long_running_migrations.migrations cascade`;
});

async function startWorkerWith(source: string) {
  const jobs = servers.jobsFolder();
  jobs.writeJob(NAME, source);
  return servers.startWorker({ jobs, env: FAST });
}

async function expectEachTouchedOnce(): Promise<void> {
  const counts =
    await servers.sql`select touched, count(*)::int as rows from ledger group by touched`;
  expect(counts).toEqual([{ touched: 1, rows: 200 }]);
}

const WALK = `
  const { sql } = require('drizzle-orm');
  const walk = (job, body) => job.inBatches(sql\`ledger\`,
    { key: sql\`id\`, throttle: false, batchSize: { min: 10, max: 10 } },
    async (tx, batch) => {
      await body?.();
      await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
    });`;

test('a run() that swallows the error of a walk is not completed before the walk is', async () => {
  const worker = await startWorkerWith(`${WALK}
    exports.run = async (job) => {
      let batches = 0;
      await Promise.allSettled([walk(job, () => {
        batches += 1;
        if (job.attempt === 1 && batches > 5) throw Object.assign(new Error('away'), { code: 'ECONNRESET' });
      })]);
    };`);

  await runToEnd(servers);

  await expectEachTouchedOnce();
  expect(await attempts(servers, NAME)).toMatchObject([
    {
      outcome: 'retried',
      error: expect.stringMatching(/walk '1' failed in this attempt.*caused by Error: away/),
    },
    { outcome: 'completed' },
  ]);
  await worker.stop();
});

test('a run() that does not await its walk fails, and the error says what to write', async () => {
  const worker = await startWorkerWith(`${WALK}
    exports.run = async (job) => void walk(job);`);

  await (await startRun(servers)).result().catch(() => {});

  expect(await migration(servers, NAME)).toMatchObject({
    status: 'failed',
    error: expect.stringMatching(/run\(\) returned while its walk '1' was still running: await it/),
  });
  await worker.stop();
});

test('an attempt that loses an idle session ends, and the next attempt reads what is stored', async () => {
  // What the job has in memory may differ from the database. A crash loses rows in the same way.
  const worker = await startWorkerWith(`exports.run = async (job) => {
    const { sql } = require('drizzle-orm');
    let id = (await job.sql\`select count(*)::int as n from ledger where touched > 0\`)[0].n;
    while (id < 200) {
      id += 1;
      await job.sql\`update ledger set touched = touched + 1 where id = \${id}\`;
      if (id === 100) await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
  };`);
  const run = await startRun(servers);
  await waitFor('the job to rest', async () => {
    const [row] = await servers.sql`select 1 from ledger where id = 100 and touched = 1`;
    return row;
  });

  await servers.sql`update ledger set touched = 0 where id > 50`;
  await servers.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like 'lrm:%'`;

  await waitFor(
    'the next attempt to begin',
    async () => (await attempts(servers, NAME)).length > 1,
  );
  await waitFor('the next one to rest', async () => {
    const [row] = await servers.sql`select 1 from ledger where id = 100 and touched = 1`;
    return row;
  });
  expect(await attempts(servers, NAME)).toMatchObject([
    {
      outcome: 'retried',
      error: expect.stringMatching(/a database session of the attempt was lost/),
    },
    { outcome: null },
  ]);
  await run.terminate();
  await worker.stop();
});
