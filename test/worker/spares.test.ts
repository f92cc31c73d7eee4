import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { SPARES_AT_MOST } from '../../jobs/process/jobProcessPool';
import { useDevServers } from '../support/devServers';
import { attempts, register, resultOf, startRun } from '../support/migrations';
import { jobProcessesOf, waitForEnd } from '../support/processes';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const NAMES = Array.from({ length: 8 }, (_, i) => `000${i + 1}_small`);

/** The first one waits until it is released. Each one records how often it has run. */
const JOB = `exports.run = async (job) => {
  await job.sql\`insert into ran values (\${job.name}, \${process.pid})\`;
  for (;;) {
    const rows = await job.sql\`select 1 from released\`;
    if (rows.length > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};`;

beforeAll(() =>
  servers.sql`create table ran (name text, pid int); create table released (yes bool)`.simple(),
);
afterEach(async () => {
  await servers.sql`truncate ran, released`.simple();
  await servers.sql`truncate long_running_migrations.migrations cascade`;
});

async function start(names: readonly string[]) {
  const jobs = servers.jobsFolder();
  for (const name of names) jobs.writeJob(name, JOB);
  await register(servers, ...names);
  const worker = await servers.startWorker({ jobs });
  const run = await startRun(servers);
  const first = await waitFor('the first job', async () => {
    const [row] = await servers.sql<{ pid: number }[]>`select pid from ran`;
    return row?.pid;
  });
  const processes = (count: number) =>
    waitFor(`${count} job processes`, () => {
      const found = jobProcessesOf(worker.pid);
      expect(found.length).toBeLessThanOrEqual(1 + SPARES_AT_MOST);
      return found.length === count && found;
    });
  return { worker, run, first, processes };
}

test('beside small migrations that wait for the one slot, some job processes are ready; each one runs once in a process of its own', async () => {
  const { worker, run, processes } = await start(NAMES);
  await processes(1 + SPARES_AT_MOST);

  await servers.sql`insert into released values (true)`;

  expect(await run.result()).toMatchObject({ completed: { count: NAMES.length } });
  const ran = await servers.sql<{ name: string; pid: number }[]>`select name, pid from ran`;
  expect(ran.map(({ name }) => name).sort()).toEqual(NAMES);
  expect(new Set(ran.map(({ pid }) => pid)).size).toBe(NAMES.length);
  for (const name of NAMES) {
    expect(await attempts(servers, name)).toMatchObject([{ outcome: 'completed' }]);
  }
  // Nothing waits any more: one for the next tick.
  const left = await processes(1);
  expect(await worker.stop()).toBe(0);
  for (const pid of left) await waitForEnd('a spare job process', pid);
});

test('the only migration has no job process ready beside it', async () => {
  const { worker, run, first, processes } = await start(NAMES.slice(0, 1));

  expect(await processes(1)).toEqual([first]);

  await servers.sql`insert into released values (true)`;
  await resultOf(run);
  await worker.stop();
});

test('when a worker is killed, its spare job processes end, too', async () => {
  const { worker, run, processes } = await start(NAMES);
  const all = await processes(1 + SPARES_AT_MOST);

  worker.kill('SIGKILL');

  for (const pid of all) await waitForEnd('a job process', pid);
  await run.terminate();
});
