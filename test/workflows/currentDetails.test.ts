import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type RunSnapshot, currentDetails as render } from '../../workflows/currentDetails';
import { useDevServers } from '../support/devServers';
import { currentDetails, register, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const NAME = '0001_steps';

beforeAll(async () => {
  await servers.sql`create table gate ()`;
});

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations, gate cascade`;
});

afterEach(async () => {
  await servers.client.workflow
    .getHandle('long-running-migrations')
    .terminate()
    .catch(() => {});
});

const openGate = () => servers.sql`insert into gate default values`;

test('a running migration is shown as that, with the number of its attempt', async () => {
  const jobs = servers.jobsFolder();
  // The first attempt fails, the second waits for the gate.
  jobs.writeJob(
    NAME,
    `exports.run = async (job) => {
      while ((await job.sql\`select from gate\`).length === 0) {
        if (job.attempt === 1) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED', syscall: 'connect' });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };`,
  );
  const worker = await servers.startWorker({
    jobs,
    env: { LRM_RETRY_INITIAL_INTERVAL: '300 ms' },
  });
  await register(servers, NAME);
  const run = await startRun(servers);
  await waitForMigration(servers, NAME, 'run', (row) => row.attempts === 2);

  const details = await waitFor('the details to say so', async () => {
    const text = await currentDetails(servers);
    return text.includes('| in_progress | 2 |') && text;
  });

  expect(details).toMatch(/^\*\*1 in&#95;progress\*\*/);
  expect(details).not.toMatch('created');
  await openGate();
  expect(await run.result()).toMatchObject({ completed: { names: [NAME] } });
  expect(await currentDetails(servers)).toMatch('| completed | 2 |');
  // Two attempts, each of which is told: three listings at most, and no timers.
  expect((await run.describe()).historyLength).toBeLessThan(60);
  await worker.stop();
});

test('one that no worker has begun yet is not shown as running', () => {
  const shown = render({
    ...NOTHING,
    overview: {
      counts: { created: 1 },
      rows: [{ name: NAME, status: 'created', attempts: 0, waitsFor: null, error: null }],
    },
    running: new Set([NAME]),
  });

  expect(shown).toMatch('| created | 0 |');
  expect(shown).toMatch('waits for a worker to begin it');
});

test('texts from outside are shown as they are: neither Markdown nor HTML, on one line', () => {
  const error =
    'no | `x` <img src=x onerror=alert(1)>\n# head\n[a](javascript:b) **b** \u202egpj\u001b[31m';
  const shown = render({
    ...NOTHING,
    overview: {
      counts: { failed: 1 },
      rows: [{ name: NAME, status: 'failed', attempts: 1, waitsFor: null, error }],
    },
    result: {
      ...NOTHING.result,
      left: { count: 1, first: [{ name: '0002_left', reason: '<b>**waits**</b>\n\n- x' }] },
    },
  });

  for (const raw of ['<', '>', '\u202e', '\u001b']) expect(shown).not.toContain(raw);
  expect(shown).not.toMatch(/\n# head|\]\(|\*\*b\*\*|\*\*waits/);
  expect(shown).toMatch('&#60;img src=x onerror=alert&#40;1&#41;&#62; &#35; head');
  // What to type is never cut off: it has a line of its own.
  expect(shown).toMatch(/\n {2}`npx lrm retry 0001_steps`\n/);
});

const none = { count: 0, names: [] };
const NOTHING: RunSnapshot = {
  overview: { counts: {}, rows: [] },
  result: { completed: none, failed: none, stopped: none, left: { count: 0, first: [] } },
  running: new Set(),
  ignored: [],
};
