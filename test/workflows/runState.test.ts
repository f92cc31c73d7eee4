import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunState, stateQuery } from '../../workflows/contract';
import { useDevServers } from '../support/devServers';
import { register, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';
import type { TestWorker } from '../support/workerProcess';

const servers = useDevServers();
let worker: TestWorker;

beforeAll(async () => {
  await servers.sql`create table gate ()`;
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_done', 'exports.run = async () => {};');
  jobs.writeJob('0002_fails', "exports.run = async () => { throw new TypeError('never'); };");
  jobs.writeJob(
    '0003_runs',
    `exports.run = async (job) => {
      while ((await job.sql\`select from gate\`).length === 0) {
        job.signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };`,
  );
  jobs.writeJob('0004_paused', 'exports.run = (job) => new Promise(() => job.progress(1));');
  worker = await servers.startWorker({ jobs, env: { LRM_MAX_CONCURRENT: '2' } });
});

afterAll(() => worker?.stop());

test('the state query returns what runs, what has ended and how, what was not started, what was ignored', async () => {
  const names = ['0001_done', '0002_fails', '0003_runs', '0004_paused', '0005_without_code'];
  await register(servers, ...names);
  const run = await startRun(servers);
  await run.signal('nobodyKnowsThis');
  await waitForMigration(servers, '0004_paused', 'run', (row) => Number(row.rowsDone) === 1);
  expect((await servers.lrm('pause', '0004_paused')).code).toBe(0);

  const settled = (state: RunState) =>
    state.stopped.count === 1 && state.left.count === 1 && state.ignored.length === 1;
  const state = await waitFor('all to be known', async () => {
    const found = await run.query(stateQuery);
    return settled(found) && found;
  });

  expect(state).toEqual({
    running: ['0003_runs'],
    completed: { count: 1, names: ['0001_done'] },
    failed: { count: 1, names: ['0002_fails'] },
    stopped: { count: 1, names: ['0004_paused'] },
    left: {
      count: 1,
      first: [
        { name: '0005_without_code', reason: expect.stringMatching('no file 0005_without_code') },
      ],
    },
    ignored: ['the signal nobodyKnowsThis: there is no such signal'],
  });

  await servers.sql`insert into gate default values`;
  await waitForMigration(servers, '0003_runs', 'complete', (row) => row.status === 'completed');
  const atEnd = await waitFor('the run to end', async () => {
    const { status } = await run.describe();
    return status.name === 'FAILED' && run.query(stateQuery);
  });
  expect(atEnd).toMatchObject({ running: [], completed: { names: ['0001_done', '0003_runs'] } });
});
