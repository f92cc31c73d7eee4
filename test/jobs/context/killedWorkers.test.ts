import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { useDevServers } from '../../support/devServers';
import { startRun } from '../../support/migrations';
import { waitFor } from '../../support/waitFor';
import type { TestWorker } from '../../support/workerProcess';

const servers = useDevServers();
const NAME = '0001_ledger';
const ROWS = 16_000;
const DISTURBANCES = 6;
/**
 * A kill costs a heartbeat timeout and the start of a worker. A busy machine takes several times as
 * long.
 */
const PATIENCE = 90_000;

beforeAll(async () => {
  await servers.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, ${ROWS})`);
});

const JOB = `
  const { sql } = require('drizzle-orm');
  exports.run = (job) =>
    job.inBatches(
      sql\`ledger\`,
      { key: sql\`id\`, lanes: 2, throttle: false, batchSize: { max: 40 } },
      async (tx, batch) => {
        await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
        await tx.execute(sql\`select pg_sleep(0.03)\`);
      });`;

test('inBatches changes each row once, although workers are killed and attempts are stopped', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(NAME, JOB);
  const env = {
    LRM_START_TO_CLOSE: '6 seconds',
    LRM_HEARTBEAT_TIMEOUT: '2 seconds',
    LRM_RETRY_INITIAL_INTERVAL: '50 ms',
  };
  const start = () => servers.startWorker({ jobs, env });
  let worker = await start();
  await servers.lrm('register', NAME);
  await startRun(servers);
  for (let i = 0; i < DISTURBANCES; i++) {
    await workGoesOn();
    worker = await disturb(i, worker, start);
  }
  await waitFor(
    'the migration to be completed',
    async () => {
      const [row] =
        await servers.sql`select status from long_running_migrations.migrations where name = ${NAME}`;
      return row?.['status'] === 'completed';
    },
    PATIENCE,
  );
  const counts = await servers.sql`select touched, count(*)::int as rows from ledger group by 1`;
  expect(counts).toEqual([{ touched: 1, rows: ROWS }]);
}, 300_000);

/** Waits until an attempt commits a batch, and then a random time. */
async function workGoesOn(): Promise<void> {
  const before = await touched();
  await waitFor('the walk to go on', async () => (await touched()) > before, PATIENCE);
  await sleep(Math.random() * 300);
}

async function touched(): Promise<number> {
  const [row] = await servers.sql`select count(*)::int as rows from ledger where touched > 0`;
  return Number(row?.['rows']);
}

/** Kills the worker, shuts it down, or pauses the migration. Returns the worker that then runs. */
async function disturb(
  turn: number,
  worker: TestWorker,
  start: () => Promise<TestWorker>,
): Promise<TestWorker> {
  if (turn % 4 === 3) {
    expect((await servers.lrm('pause', NAME)).code).toBe(0);
    expect((await servers.lrm('resume', NAME)).code).toBe(0);
    await startRun(servers);
    return worker;
  }
  const next = start();
  worker.kill(turn % 4 === 1 ? 'SIGTERM' : 'SIGKILL');
  return next;
}
