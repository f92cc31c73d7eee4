import { beforeEach, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { runLrm } from '../support/lrm';
import { attempts, migration, register, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await servers.sql.unsafe(`
    create table if not exists gate ();
    create table if not exists calls (job text, what text, pid integer);
    create table if not exists ledger (id integer primary key, touched integer not null default 0);
    truncate gate, calls, ledger; insert into ledger select generate_series(1, 100)`);
});

const RETRY = { LRM_RETRY_INITIAL_INTERVAL: '100 ms', LRM_MAX_CONCURRENT: '3' };
const inline = (jobs: { path: string }) =>
  runLrm(servers.env({ LRM_JOBS_DIR: jobs.path, ...RETRY }), ['run', '--inline']);

const RUN = `
  const { sql } = require('drizzle-orm');
  const call = (job, what) => job.sql\`insert into calls values (\${job.name}, \${what}, \${process.pid})\`;
  exports.run = async (job) => {
    await call(job, 'run');
    await job.inBatches(sql\`ledger\`, { key: sql\`id\`, throttle: false, batchSize: { max: 30 } }, (tx, batch) =>
      tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`));
  };`;
const job = (verify: string) =>
  `${RUN} exports.verify = async (job) => { await call(job, 'verify'); ${verify} };`;

const calls = async (name: string) => {
  const rows = await servers.sql<{ what: string }[]>`select what from calls where job = ${name}`;
  return rows.map(({ what }) => what);
};
const touched = () =>
  servers.sql`select touched, count(*)::int as rows from ledger group by 1 order by 1`;

const NOT_A_COUNT =
  'return the number of rows that are not done (0: none), as Number(count), or throw. Fix the job';
const RESULTS: Record<string, readonly [verify: string, error: string | null]> = {
  '0001_nothing': ['', null],
  '0002_zero': ['return 0;', null],
  '0003_zero_as_bigint': ['return 0n;', null],
  '0004_one_row': ['return 1;', 'verify() found 1 row that is not done. Fix the job or the data'],
  '0005_rows': [
    'return 3n;',
    'verify() found 3 rows that are not done. Fix the job or the data, then type: npx lrm retry ' +
      '0005_rows (with --from-start, what its walks have done is done again)',
  ],
  '0006_text': ["return '0';", `verify() returned text: ${NOT_A_COUNT}`],
  '0007_null': ['return null;', `verify() returned null: ${NOT_A_COUNT}`],
  '0008_negative': ['return -1;', `a number that is no count of rows: ${NOT_A_COUNT}`],
  '0009_fraction': ['return 0.5;', `a number that is no count of rows: ${NOT_A_COUNT}`],
  '0010_false': ['return false;', `verify() returned a value of type boolean: ${NOT_A_COUNT}`],
  '0011_throws': ["throw new Error('two are left');", 'verify(): Error: two are left at 0011_'],
  '0012_walks': [
    'await job.inBatches(sql`ledger`, { key: sql`id`, name: "more" }, async () => {});',
    "verify(): JobUsageError: job.inBatches can't be used in verify(), which only looks",
  ],
  '0013_saves': [
    'await job.saveCheckpoint(7);',
    "JobUsageError: job.saveCheckpoint can't be used in verify()",
  ],
  '0014_kept_walk': [
    'await kept.inBatches(sql`ledger`, { key: sql`id`, name: "more" }, async () => {});',
    'JobUsageError: a walk can begin only in run(), and run() has returned',
  ],
  '0015_kept_checkpoint': [
    'await kept.saveCheckpoint(7);',
    'JobUsageError: saveCheckpoint can be called only in run(), and run() has returned',
  ],
};

test('what verify() returns or throws decides, and nothing that it does is stored', async () => {
  const jobs = servers.jobsFolder();
  for (const [name, [verify]] of Object.entries(RESULTS)) {
    const keeps = 'let kept; const { run } = exports; exports.run = (job) => run(kept = job);';
    jobs.writeJob(name, `${job(verify)} ${keeps}`);
  }
  await register(servers, ...Object.keys(RESULTS));
  await inline(jobs);
  for (const [name, [, error]] of Object.entries(RESULTS)) {
    const row = await migration(servers, name);
    expect(row).toMatchObject({ status: error === null ? 'completed' : 'failed', attempts: 1 });
    if (error !== null) expect(row.error).toContain(error);
    expect(await calls(name)).toEqual(['run', 'verify']);
    expect({
      checkpoint: (row as { checkpoint?: unknown }).checkpoint ?? null,
      step: row.step,
    }).toEqual({
      checkpoint: null,
      step: null,
    });
  }
  const walks = await servers.sql`
    select distinct name from long_running_migrations.walks`;
  expect(walks).toEqual([{ name: '1' }]);
}, 120_000);

test('after lrm retry, run() and verify() are called again, until it passes', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_checks',
    job('return (await job.sql`select from ledger where touched <> 1`).length;'),
  );
  await register(servers, '0001_checks');
  // One that the walk does not see.
  await servers.sql`update ledger set touched = -1 where id = 7`;
  await inline(jobs);
  for (const _ of [1, 2]) {
    expect(await migration(servers, '0001_checks')).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/^verify\(\) found 1 row that is not done/),
    });
    await servers.succeeds('retry', '0001_checks', '--no-run');
    expect((await inline(jobs)).code).toBe(1);
  }
  await servers.sql`update ledger set touched = 1 where id = 7`;
  await servers.succeeds('retry', '0001_checks', '--no-run');
  expect((await inline(jobs)).code).toBe(0);
  expect(await calls('0001_checks')).toEqual(Array(4).fill(['run', 'verify']).flat());
  expect(await touched()).toEqual([{ touched: 1, rows: 100 }]);
}, 60_000);

test('verify() is not called when run() throws; a transient error of it is retried', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_run_throws',
    `${job('')} exports.run = async () => { throw new TypeError('never'); };`,
  );
  jobs.writeJob(
    '0002_transient',
    job(`if (job.attempt === 1) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });`),
  );
  await register(servers, '0001_run_throws', '0002_transient');
  await inline(jobs);
  expect(await calls('0001_run_throws')).toEqual([]);
  expect((await migration(servers, '0002_transient')).status).toBe('completed');
  const all = await attempts(servers, '0002_transient');
  expect(all.map(({ outcome }) => outcome)).toEqual(['retried', 'completed']);
  expect(all[0]?.error).toMatch(/^verify\(\): Error: reset/);
  expect(await calls('0002_transient')).toEqual(['run', 'verify', 'run', 'verify']);
}, 60_000);

test('an error after verify() has passed is not taken for one of verify()', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_passes', job('return 0;'));
  await register(servers, '0001_passes');
  // The disk fails once, in the transaction that confirms the attempt's commits.
  await servers.sql.unsafe(`
    create sequence writes_of_attempts;
    create function fail_once() returns trigger language plpgsql as $$
    begin
      if current_setting('application_name') like 'lrm:long_running_migrations:%'
        and exists (select from calls where what = 'verify') and nextval('writes_of_attempts') = 1
      then raise 'disk' using errcode = 'io_error'; end if;
      return new;
    end $$;
    create trigger fail_once before update on long_running_migrations.migrations
      for each row execute function fail_once()`);
  await inline(jobs);
  await servers.sql`drop function fail_once cascade`;
  const all = await attempts(servers, '0001_passes');
  expect(all.map(({ outcome }) => outcome)).toEqual(['retried', 'completed']);
  expect(all[0]?.error).toMatch(/^the database query failed .*58030/);
}, 60_000);

const UNTIL_GATE_OPENS = `
  while ((await job.sql\`select from gate\`).length === 0) {
    if (job.signal.aborted) return 0;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }`;

test('a verify() that is killed or asked to stop passes nothing, and status says what it does', async () => {
  const jobs = servers.jobsFolder();
  const name = '0001_slow_check';
  jobs.writeJob(name, job(UNTIL_GATE_OPENS));
  await register(servers, name);
  const worker = await servers.startWorker({ jobs, env: RETRY });
  const run = await startRun(servers);
  const nthCall = (count: number) =>
    waitFor(`verify() to be called ${count} times`, async () => {
      const rows = await servers.sql`select pid from calls where what = 'verify'`;
      return rows.length >= count && rows.at(-1);
    });
  const first = await nthCall(1);
  await waitForMigration(servers, name, 'verify', (row) => row.step === 'verifying');
  expect((await servers.succeeds('status', name)).stdout).toMatch('verifying');
  process.kill(-first['pid'], 'SIGKILL');

  await nthCall(2);
  expect((await migration(servers, name)).status).toBe('in_progress');
  await servers.succeeds('pause', name);
  await waitForMigration(servers, name, 'be paused', (row) => row.status === 'paused');

  await servers.succeeds('resume', name);
  await nthCall(3);
  await servers.sql`insert into gate default values`;
  await waitForMigration(servers, name, 'complete', (row) => row.status === 'completed');
  expect((await attempts(servers, name)).map(({ outcome }) => outcome)).toEqual([
    'retried',
    'paused',
    'completed',
  ]);
  expect(await touched()).toEqual([{ touched: 1, rows: 100 }]);
  // The next test starts a run of its own.
  await run.result();
  await worker.stop();
}, 120_000);

test('lrm finalize exits 1 with the reason of verify()', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_left', job('return 2;'));
  await register(servers, '0001_left');
  const worker = await servers.startWorker({ jobs });
  const { code, stderr } = await servers.lrm('finalize', '0001_left');
  expect(code).toBe(1);
  expect(stderr).toMatch('0001_left is failed: verify() found 2 rows that are not done');
  await worker.stop();
}, 120_000);
