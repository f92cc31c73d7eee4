import { beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { applicationName } from '../../drizzle/rows/sessions';
import { useDevServers } from '../support/devServers';
import { attempts, migration, register, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';
import type { TestWorker } from '../support/workerProcess';

const servers = useDevServers();

const HOSTILE = {
  '0001_never_awaits':
    'exports.options = { startToCloseTimeout: "6s" }; exports.run = async () => { for (;;); };',
  '0002_ignores_its_signal':
    'exports.options = { startToCloseTimeout: "6s" }; exports.run = () => new Promise(() => setInterval(() => {}, 1000));',
  '0003_eats_memory': `exports.options = { memoryLimitMb: 32 };
    exports.run = async () => { const all = []; for (;;) all.push(new Array(1000).fill(all.length)); };`,
  '0013_eats_memory_at_once': `exports.options = { memoryLimitMb: 64 };
    exports.run = async () => { const all = new Map(); for (let n = 0; ; n++) all.set(n, n); };`,
  '0014_blocks_in_a_native_call': `exports.options = { startToCloseTimeout: '6s' };
    exports.run = async () => { require('node:child_process').execSync('exec sleep 600'); };`,
  '0015_top_level_blocks': "require('node:child_process').execSync('exec sleep 600');",
  '0004_calls_exit': 'exports.run = async () => { process.exit(3); };',
  '0005_throws_in_a_timer': `exports.run = () => new Promise(() => {
    setTimeout(() => { throw new Error('in a timer'); }, 10); setInterval(() => {}, 1000); });`,
  '0006_unhandled_rejection': `exports.run = () => new Promise(() => {
    void Promise.reject(new Error('forgotten')); setInterval(() => {}, 1000); });`,
  '0007_top_level_never_ends': 'for (;;);',
  '0008_leaves_things_open': `exports.run = async (job) => {
    setInterval(() => {}, 1000);
    await job.sql\`select 1\`;
    void job.sql\`select pg_sleep(600)\`.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 100)); };`,
  '0010_posts_odd_messages': `const { parentPort, workerData } = require('node:worker_threads');
    parentPort.postMessage(null);
    exports.run = async () => {
      parentPort.postMessage({ type: 'failed' });
      parentPort.postMessage({ type: 'log', level: 'loud' });
      workerData.port?.postMessage({ type: 'returned', stopped: false });
      parentPort.close();
    };`,
  '0011_floods_its_log': `exports.run = async (job) => {
    const end = Date.now() + 2000;
    while (Date.now() < end) job.log.info('x'.repeat(50_000), { y: 'y'.repeat(50_000) }); };`,
  '0012_counts_past_all_numbers': `exports.run = async (job) => {
    job.progress(1e19, Number.NaN); job.progress(5n, {}); job.progress(7, 7); };`,
  '0009_throws_in_an_abort_listener': `exports.options = { startToCloseTimeout: '6s' };
    exports.run = (job) => new Promise(() => {
    job.signal.addEventListener('abort', () => { throw new Error('in a listener'); });
    setInterval(() => {}, 1000); });`,
};
const NAMES = Object.keys(HOSTILE);
const BEHAVED = '0100_behaved';

describe('beside jobs that harm their own attempts', () => {
  let worker: TestWorker;
  let run: WorkflowHandle;
  let openAtCompletion: Promise<unknown[]>;

  beforeAll(async () => {
    const jobs = servers.jobsFolder();
    for (const [name, source] of Object.entries(HOSTILE)) jobs.writeJob(name, source);
    jobs.writeJob(
      BEHAVED,
      `exports.options = { startToCloseTimeout: '2 minutes' };
       exports.run = async (job) => {
         for (let n = 1; n <= 100; n++) {
           await job.sql\`select pg_sleep(0.1)\`;
           job.progress(n, 100);
         }
       };`,
    );
    worker = await servers.startWorker({
      jobs,
      env: {
        LRM_START_TO_CLOSE: '1 minute',
        LRM_HEARTBEAT_TIMEOUT: '10 seconds',
        LRM_RETRY_INITIAL_INTERVAL: '1 second',
        LRM_MAX_FAILURES: '2',
        LRM_MAX_CONCURRENT: '20',
      },
    });
    await register(servers, BEHAVED, ...NAMES);
    openAtCompletion = waitFor(
      '0008 to complete',
      async () => {
        const [row] = await servers.sql`
        select (select array_agg(pid) from pg_stat_activity
          where datname = current_database() and application_name in (select ${applicationName(0n).slice(0, -1)}::text || id from long_running_migrations.attempts
            where migration = '0008_leaves_things_open')) as open
        from long_running_migrations.migrations where name = '0008_leaves_things_open' and status = 'completed'`;
        return row && (row['open'] ?? []);
      },
      // Many jobs begin at once here, and some never yield their core.
      55_000,
    );
    run = await startRun(servers);
  }, 60_000);

  const twoOutcomes = async (name: string) => {
    const ended = await waitFor(
      `two attempts of ${name} to end`,
      async () => {
        const all = (await attempts(servers, name)).filter(({ endedAt }) => endedAt);
        return all.length >= 2 && all.slice(0, 2);
      },
      50_000,
    );
    return ended.map(({ outcome }) => outcome);
  };
  const failedWith = async (name: string) =>
    (await waitForMigration(servers, name, 'fail', (row) => row.status === 'failed', 50_000)).error;

  test.each([
    '0001_never_awaits',
    '0002_ignores_its_signal',
    '0009_throws_in_an_abort_listener',
    '0014_blocks_in_a_native_call',
  ])('%s: it is ended at its time limit, and retried', async (name) => {
    expect(await twoOutcomes(name)).toEqual(['timed_out', 'timed_out']);
  });

  test('0003_eats_memory: its thread ends, and the error names the limit', async () => {
    expect(await failedWith('0003_eats_memory')).toMatch(/memoryLimitMb/);
  });

  test('0013_eats_memory_at_once: it harms no other job, and the error names the limit', async () => {
    // Node 20 ends the whole process (SIGABRT), Node 24 only the thread.
    expect(await failedWith('0013_eats_memory_at_once')).toMatch(/memoryLimitMb/);
  });

  test('0004_calls_exit: it ends only its own thread', async () => {
    expect(await failedWith('0004_calls_exit')).toMatch(/process\.exit, code 3/);
  });

  test.each([
    ['0005_throws_in_a_timer', 'Error: in a timer'],
    ['0006_unhandled_rejection', 'Error: forgotten'],
  ])('%s: the error fails its attempt', async (name, message) => {
    expect(await failedWith(name)).toContain(message);
  });

  test.each(['0007_top_level_never_ends', '0015_top_level_blocks'])(
    '%s: loading it is given up',
    async (name) => {
      expect(await failedWith(name)).toMatch(/top level .* did not finish/);
    },
  );

  test('0008_leaves_things_open: it completes, and its statement is ended', async () => {
    const name = '0008_leaves_things_open';
    // Read as soon as the row says completed: later, Postgres itself would end the session.
    expect(await openAtCompletion).toHaveLength(0);
    expect((await migration(servers, name)).status).toBe('completed');
  });

  test.each(['0010_posts_odd_messages', '0012_counts_past_all_numbers'])(
    '%s: it harms no other job, and completes',
    async (name) => {
      await waitForMigration(
        servers,
        name,
        'complete',
        (row) => row.status === 'completed',
        50_000,
      );
    },
  );

  test('0011_floods_its_log: lines are cut and skipped, and it completes', async () => {
    const name = '0011_floods_its_log';
    await waitForMigration(servers, name, 'complete', (row) => row.status === 'completed');
    const lines = worker.log().filter((line) => line['migration'] === name);
    expect(lines.length).toBeLessThan(1_000);
    expect(Math.max(...lines.map(({ msg }) => msg.length))).toBeLessThan(10_000);
    expect(lines.some(({ msg }) => /lines of this log were left out/.test(msg))).toBe(true);
  });

  test('0100_behaved: it completes in its first attempt', async () => {
    await waitForMigration(
      servers,
      BEHAVED,
      'complete',
      (row) => row.status === 'completed',
      50_000,
    );
    expect(await attempts(servers, BEHAVED)).toMatchObject([{ number: 1, outcome: 'completed' }]);
    expect(worker.log().some((line) => line['level'] === 'fatal')).toBe(false);
    await run.terminate();
    await worker.stop();
  });
});
