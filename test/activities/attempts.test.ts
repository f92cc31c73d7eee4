import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { claim } from '../../drizzle/rows/claim';
import { openOwnDatabase } from '../../drizzle/workerDatabase';
import { useDevServers } from '../support/devServers';
import {
  attempts,
  migration,
  register,
  resultOf,
  runToEnd,
  startRun,
  waitForMigration,
} from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const FAST = {
  LRM_HEARTBEAT_TIMEOUT: '3 seconds',
  LRM_RETRY_INITIAL_INTERVAL: '100ms',
  LRM_RETRY_MAXIMUM_INTERVAL: '400ms',
};

beforeAll(async () => {
  await servers.sql`create table written (id bigint generated always as identity, attempt int)`;
});

afterEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await servers.sql`truncate written`;
});

const written = async () => {
  const [row] = await servers.sql`select count(*)::int as n from written`;
  return Number(row?.['n']);
};

describe('an attempt that is cut off from Temporal only', () => {
  test('writes nothing after a newer one was claimed, although its client reconnects', async () => {
    const jobs = servers.jobsFolder();
    // Takes no error for an answer, and never looks at its signal.
    jobs.writeJob(
      '0001_stubborn',
      'exports.run = async (job) => { for (;;) await job.sql`insert into written (attempt) values (${job.attempt})`.catch(() => {}); };',
    );
    await register(servers, '0001_stubborn');
    const worker = await servers.startWorker({ jobs });
    const run = await startRun(servers);
    await waitFor('the job to write', async () => (await written()) > 10);

    const db = openOwnDatabase(servers.databaseUrl);
    const scheduledAt = new Date(Date.now() + 60_000);
    const newer = { migration: '0001_stubborn', worker: 'another', runId: 'x', scheduledAt };
    await claim(db, { ...newer, heartbeatTimeout: 120_000 });
    await db.$client.end();
    const atClaim = await written();

    await waitFor('the worker to end the older attempt', () =>
      worker.log().some(({ msg }) => msg === 'stopped: superseded'),
    );
    expect(await written()).toBe(atClaim);
    expect((await attempts(servers, '0001_stubborn'))[0]).toMatchObject({ outcome: 'superseded' });
    await run.terminate();
    await worker.stop();
  });
});

describe('errors of an attempt', () => {
  test('of unknown kind end the migration after LRM_MAX_FAILURES in a row', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob('0001_unlucky', 'exports.run = async () => { throw new Error("out of luck"); };');
    await register(servers, '0001_unlucky');
    const worker = await servers.startWorker({ jobs, env: { ...FAST, LRM_MAX_FAILURES: '3' } });

    expect(await runToEnd(servers)).toMatchObject({ failed: { names: ['0001_unlucky'] } });

    const ended = await attempts(servers, '0001_unlucky');
    expect(ended.map(({ outcome }) => outcome)).toEqual(['retried', 'retried', 'failed']);
    expect((await migration(servers, '0001_unlucky')).error).toMatch(
      /^Error: out of luck at 0001_unlucky\.js:1:\d+\. 3 failures in a row without progress: .*npx lrm retry 0001_unlucky$/,
    );
    await worker.stop();
  });

  test('are counted anew after each attempt that got on', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob(
      '0001_step_by_step',
      `exports.options = { maxFailures: 2 };
       exports.run = async (job) => {
         const at = ((await job.checkpoint()) ?? 0) + 1;
         await job.saveCheckpoint(at);
         if (at < 5) throw new Error('not yet');
       };`,
    );
    await register(servers, '0001_step_by_step');
    const worker = await servers.startWorker({ jobs, env: FAST });

    expect(await runToEnd(servers)).toMatchObject({ completed: { names: ['0001_step_by_step'] } });

    expect(await attempts(servers, '0001_step_by_step')).toHaveLength(5);
    expect((await migration(servers, '0001_step_by_step')).error).toBeNull();
    await worker.stop();
  });

  test('are counted anew after a last row more, too', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob(
      '0001_row_by_row',
      `exports.options = { maxFailures: 2 };
       exports.run = async (job) => {
         for (let n = 1; n <= job.attempt; n++) job.progress(n, 5);
         if (job.attempt < 5) throw new Error('not yet');
       };`,
    );
    await register(servers, '0001_row_by_row');
    const worker = await servers.startWorker({ jobs, env: FAST });

    expect(await runToEnd(servers)).toMatchObject({ completed: { names: ['0001_row_by_row'] } });

    const ended = await attempts(servers, '0001_row_by_row');
    expect(ended.map(({ progressed }) => progressed)).toEqual([true, true, true, true, true]);
    await worker.stop();
  });

  test('that are transient never end the migration, and do not count as unknown ones', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob(
      '0001_transient',
      `exports.options = { maxFailures: 2 };
       exports.run = async (job) => {
         if (job.attempt <= 4) throw Object.assign(new Error('x'), { code: 'ECONNRESET' });
         if (job.attempt === 5) throw new Error('of unknown kind');
       };`,
    );
    await register(servers, '0001_transient');
    const worker = await servers.startWorker({ jobs, env: FAST });

    expect(await runToEnd(servers)).toMatchObject({ completed: { names: ['0001_transient'] } });

    expect(await attempts(servers, '0001_transient')).toHaveLength(6);
    await worker.stop();
  });

  test('do not slow down the replacement of a worker that is killed later', async () => {
    const jobs = servers.jobsFolder();
    jobs.writeJob(
      '0001_often',
      `exports.options = { maxFailures: 50 };
       exports.run = async (job) => {
         if (job.attempt <= 6) throw new Error('again');
         if (job.attempt === 7) await new Promise((resolve) => setTimeout(resolve, 60_000));
       };`,
    );
    await register(servers, '0001_often');
    const env = { ...FAST, LRM_RETRY_MAXIMUM_INTERVAL: '1 second' };
    const first = await servers.startWorker({ jobs, env });
    const run = await startRun(servers);
    await waitForMigration(servers, '0001_often', 'be at attempt 7', (row) => row.attempts === 7);
    const second = await servers.startWorker({ jobs, env });
    // Whichever runs it: both would be free to take the next one, so the idle one must stay.
    const [seventh] = (await attempts(servers, '0001_often')).slice(-1);
    const [running, idle] = seventh?.worker.startsWith(`${first.pid}@`)
      ? [first, second]
      : [second, first];
    running.kill('SIGKILL');
    const killed = Date.now();

    await resultOf(run);

    const [eighth] = (await attempts(servers, '0001_often')).slice(-1);
    expect(eighth?.number).toBe(8);
    expect((eighth?.startedAt.getTime() ?? 0) - killed).toBeLessThan(3_000 + 5_000);
    await idle.stop();
  });
});

describe('a job that can not be run', () => {
  test.each([
    ['without run', 'exports.walk = () => {};', /no function 'run' is exported/],
    ['with a syntax error', 'exports.run = async ( => {};', /can't be loaded: SyntaxError/],
    [
      'that throws while loaded',
      'throw new Error("at the top");',
      /can't be loaded: Error: at the top/,
    ],
    [
      'with impossible options',
      'exports.options = { stopGrace: "soon" }; exports.run = () => {};',
      /options\.stopGrace: is no duration/,
    ],
    [
      'with a limit that can not work',
      'exports.options = { startToCloseTimeout: "1s" }; exports.run = () => {};',
      /4 seconds at least/,
    ],
  ])('%s fails at once, with the reason on its row', async (_, source, reason) => {
    const jobs = servers.jobsFolder();
    jobs.writeJob('0001_broken', source);
    await register(servers, '0001_broken');
    const worker = await servers.startWorker({ jobs, env: FAST });

    expect(await runToEnd(servers)).toMatchObject({ failed: { names: ['0001_broken'] } });

    const row = await migration(servers, '0001_broken');
    expect(row).toMatchObject({ status: 'failed', attempts: 1 });
    expect(row.error).toMatch(reason);
    await worker.stop();
  });
});

describe('row values', () => {
  test('are in no history, no log and no column of ours, whatever error quotes them', async () => {
    const EMAIL = 'alice@example.org';
    await servers.sql`create table secrets (email text primary key)`;
    await servers.sql`insert into secrets values (${EMAIL})`;
    const jobs = servers.jobsFolder();
    const first = 'const [{ email }] = await job.sql`select email from secrets`;';
    const bodies = {
      '0001_unique': 'await job.sql`insert into secrets values (${email})`;',
      '0002_cast': 'await job.sql`select email::int from secrets`;',
      '0003_drizzle':
        "const { sql } = require('drizzle-orm'); await job.db.execute(sql`insert into secrets values (${email})`);",
      '0004_json': 'JSON.parse(email);',
      '0005_unhandled':
        'void job.sql`select ${email}::int`.execute(); await new Promise(() => setInterval(() => {}, 1000));',
      '0006_object': 'throw { email };',
    };
    for (const [name, body] of Object.entries(bodies)) {
      jobs.writeJob(name, `exports.run = async (job) => { ${first} ${body} };`);
    }
    await register(servers, ...Object.keys(bodies));
    const worker = await servers.startWorker({
      jobs,
      env: { ...FAST, LRM_MAX_FAILURES: '2', LRM_LOG_LEVEL: 'debug' },
    });

    const run = await startRun(servers);
    expect(await resultOf(run)).toMatchObject({ failed: { count: 6 } });

    const history = JSON.stringify(await run.fetchHistory(), (_, value) =>
      value?.type === 'Buffer' || value instanceof Uint8Array
        ? Buffer.from(value.data ?? value).toString()
        : value,
    );
    const rows = JSON.stringify([
      await servers.sql`select * from long_running_migrations.migrations`,
      await servers.sql`select * from long_running_migrations.attempts`,
    ]);
    await worker.stop();
    expect(history).toContain('23505');
    for (const place of [history, rows, JSON.stringify(worker.log())]) {
      expect(place).not.toContain('alice');
    }
  });
});
