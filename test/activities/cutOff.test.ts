import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { attempts, register, startRun } from '../support/migrations';
import { type CuttableProxy, startProxy } from '../support/proxy';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const NAME = '0001_ledger';
const ROWS = 3_000;
let proxy: CuttableProxy;

beforeAll(async () => {
  proxy = await startProxy(servers.temporalAddress);
});

afterAll(() => proxy.close());

/** About ten seconds of batches, so that another worker takes over before they are done. */
const JOB = `
  const { sql } = require('drizzle-orm');
  exports.run = (job) =>
    job.inBatches(
      sql\`ledger\`,
      { key: sql\`id\`, lanes: 2, throttle: false, batchSize: { min: 10, max: 10 } },
      async (tx, batch) => {
        await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
        await tx.execute(sql\`select pg_sleep(0.05)\`);
      });`;

test('another worker takes over from one that has lost Temporal but not the database, and repeats nothing', async () => {
  await servers.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, ${ROWS})`);
  const jobs = servers.jobsFolder();
  jobs.writeJob(NAME, JOB);
  await register(servers, NAME);
  const env = { LRM_HEARTBEAT_TIMEOUT: '2 seconds', LRM_RETRY_INITIAL_INTERVAL: '100ms' };
  const cutOff = await servers.startWorker({
    jobs,
    env: { ...env, TEMPORAL_ADDRESS: proxy.address },
  });
  const run = await startRun(servers);
  const touched = async () => {
    const [row] = await servers.sql`select count(*)::int as rows from ledger where touched > 0`;
    return Number(row?.['rows']);
  };
  await waitFor('the walk to begin', async () => (await touched()) > 0);

  proxy.cut();
  const atCut = await touched();
  await waitFor('the cut-off worker to go on', async () => (await touched()) > atCut);
  const other = await servers.startWorker({ jobs, env });

  expect(await run.result()).toMatchObject({ completed: { names: [NAME] } });
  const counts = await servers.sql`select touched, count(*)::int as rows from ledger group by 1`;
  expect(counts).toEqual([{ touched: 1, rows: ROWS }]);
  expect(await attempts(servers, NAME)).toMatchObject([
    {
      // Either its SDK notices first that Temporal does not answer, or the other worker claims first.
      outcome: expect.stringMatching(/^(interrupted|superseded)$/),
      worker: expect.stringMatching(`^${cutOff.pid}@`),
    },
    { outcome: 'completed', worker: expect.stringMatching(`^${other.pid}@`) },
  ]);
  await other.stop();
}, 120_000);
