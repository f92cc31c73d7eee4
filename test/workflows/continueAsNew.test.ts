import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTemporalCli } from '../../worker/local/temporal/temporalCli';
import { useDevServers } from '../support/devServers';
import { readHistory, replay, saveHistory } from '../support/history';
import { attempts, register, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const RUN = 'long-running-migrations';
let temporal: TestWorkflowEnvironment;

// This server suggests a new history after 100 events. The shared one does after 4,096.
beforeAll(async () => {
  temporal = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await findTemporalCli(process.env, () => {}) },
      extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=100'],
    },
  });
  await servers.sql.unsafe(`
    create table gate ();
    create table numbers (id bigint primary key, n integer not null default 0);
    insert into numbers (id) select generate_series(1, 1000)`);
});

afterAll(() => temporal?.teardown());

const UNTIL_GATE = `async (job) => {
  while ((await job.sql\`select from gate\`).length === 0) {
    job.signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}`;

/** Adds 1 to each row, and stops in the middle of a batch until the gate is open. */
const ADDING = `
const { bigint, integer, pgTable } = require('drizzle-orm/pg-core');
const { sql } = require('drizzle-orm');
const numbers = pgTable('numbers', { id: bigint({ mode: 'bigint' }).primaryKey(), n: integer() });
const untilGate = ${UNTIL_GATE};
exports.run = async (job) => {
  let batches = 0;
  const options = { key: numbers.id, throttle: false, batchSize: { min: 10, max: 10 } };
  await job.inBatches(numbers, options, async (tx, batch) => {
    await tx.update(numbers).set({ n: sql\`n + 1\` }).where(batch);
    if (++batches > 10) await untilGate(job);
  });
};`;

/** Counts to 100 by its checkpoint. It fails when a number comes twice. */
const COUNTING = `
const untilGate = ${UNTIL_GATE};
exports.run = async (job) => {
  for (let n = ((await job.checkpoint()) ?? 0) + 1; n <= 100; n++) {
    if (((await job.checkpoint()) ?? 0) >= n) throw new TypeError('twice');
    await job.saveCheckpoint(n);
    job.progress(n, 100);
    if (n >= 50) await untilGate(job);
  }
};`;

test('a run that continues as new stops its attempts, continues them, and does no row twice', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_quick', 'exports.run = async () => {};');
  jobs.writeJob('0002_adding', ADDING);
  jobs.writeJob('0003_counting', COUNTING);
  await register(servers, '0001_quick', '0002_adding', '0003_counting');
  const worker = await servers.startWorker({
    jobs,
    env: {
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: 'default',
      LRM_MAX_CONCURRENT: '2',
    },
  });
  const { workflow } = temporal.client;
  const first = await workflow.start('executeLongRunningMigrations', {
    workflowId: RUN,
    taskQueue: RUN,
  });
  const underWay = (name: string) =>
    waitForMigration(servers, name, 'be under way', (row) => Number(row.rowsDone) >= 50);
  await Promise.all([underWay('0002_adding'), underWay('0003_counting')]);

  const run = workflow.getHandle(RUN);
  for (let sent = 0; sent < 100; sent++) await run.signal('nobodyKnowsThis');
  const next = await waitFor('the run to continue as new', async () => {
    const { runId } = await run.describe();
    return runId !== first.firstExecutionRunId && runId;
  });
  await servers.sql`insert into gate default values`;

  expect(await run.result()).toMatchObject({
    completed: { count: 3, names: expect.arrayContaining(['0001_quick', '0002_adding']) },
    failed: { count: 0 },
  });
  for (const name of ['0002_adding', '0003_counting']) {
    const outcomes = (await attempts(servers, name)).map(({ outcome }) => outcome);
    expect(outcomes.length).toBeGreaterThan(1);
    expect(new Set(outcomes.slice(0, -1))).toEqual(new Set(['interrupted']));
    expect(outcomes.at(-1)).toBe('completed');
  }
  expect(await servers.sql`select n, count(*)::int as rows from numbers group by n`).toEqual([
    { n: 1, rows: 1_000 },
  ]);
  expect(await attempts(servers, '0001_quick')).toHaveLength(1);
  await worker.stop();

  // Both histories replay, also when they were saved as those in histories/ are.
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-history-'));
  for (const runId of [first.firstExecutionRunId, next]) {
    const file = path.join(folder, `${runId}.jsonl`);
    saveHistory(file, await workflow.getHandle(RUN, runId).fetchHistory());
    await replay(readHistory(file), RUN);
  }
  rmSync(folder, { recursive: true });
}, 120_000);
