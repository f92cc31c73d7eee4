import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { requireCompleted } from '../../client/requireCompleted';
import { useDevServers } from '../support/devServers';
import type { JobsFolder } from '../support/jobsFolder';
import {
  currentDetails,
  migration,
  register,
  resultOf,
  runToEnd,
  startRun,
  waitForMigration,
} from '../support/migrations';

const servers = useDevServers();
const NAME = '0001_amounts';
const AFTER = '0002_after';
/** Keys that could disturb a terminal. */
const HOSTILE = 'b\u001b[31m\u202e\nx';
let jobs: JobsFolder;

const JOB = `
const { sql } = require('drizzle-orm');
exports.run = async (job) => {
  const [{ walks }] = await job.sql\`select walks from plan\`;
  if (!walks) return;
  await job.inBatches(sql\`amounts\`, { key: sql\`id\`, onError: 'skip', throttle: false },
    (tx, batch) => tx.execute(sql\`update amounts set value = text::int, done = done + 1 where \${batch}\`));
};`;

beforeAll(async () => {
  jobs = servers.jobsFolder();
  jobs.writeJob(NAME, JOB);
  jobs.writeJob(AFTER, `exports.dependsOn = ['${NAME}']; exports.run = async () => {};`);
  await servers.startWorker({ jobs });
});

beforeEach(async () => {
  await servers.sql.unsafe(`
    create table amounts (id text primary key, text text, value int, done int not null default 0);
    insert into amounts select n::text, n::text from generate_series(1, 50) n;
    create table plan as select true as walks`);
  await servers.sql`insert into amounts values ('a', 'secret of a'), (${HOSTILE}, 'secret of b')`;
});

afterEach(() =>
  servers.sql.unsafe(`
    drop table amounts, plan;
    truncate long_running_migrations.migrations cascade;
    truncate long_running_migrations.finished_ranges`),
);

const done = () =>
  servers.sql`select done, count(*)::int as rows from amounts group by 1 order by 1`;

test('completed with skipped rows is shown as such everywhere, and stops gates and dependents', async () => {
  await register(servers, NAME, AFTER);
  const run = await startRun(servers);
  await resultOf(run);
  expect(await migration(servers, NAME)).toMatchObject({ status: 'completed', error: null });
  expect(await done()).toEqual([
    { done: 0, rows: 2 },
    { done: 1, rows: 50 },
  ]);
  const line = `2 rows skipped: npx lrm skipped ${NAME}`;
  const status = await servers.succeeds('status');
  expect(status.stdout).toMatch(/0001_amounts +completed, 2 rows skipped /);
  expect(status.stdout).toContain(line);
  expect((await servers.succeeds('status', NAME)).stdout).toMatch(
    /status +completed, 2 rows skipped\n(?:.*\n)*note +2 rows skipped: npx lrm skipped 0001_amounts/,
  );
  const [json] = JSON.parse((await servers.succeeds('status', '--json', NAME)).stdout);
  expect(json).toMatchObject({ status: 'completed', skipped: 2 });
  const details = await currentDetails(servers);
  expect(details).toContain('1 completed &#40;1 with skipped rows&#41;');
  expect(details).toMatch(/\| completed, 2 skipped/);
  expect(details).toContain(`npx lrm skipped ${NAME}`);
  // The dependent one waits, and the gate does not pass.
  expect(await migration(servers, AFTER)).toMatchObject({
    status: 'created',
    attempts: 0,
    waitsFor: `waits for ${NAME} (completed, 2 rows skipped)`,
  });
  const check = await servers.lrm('check', NAME);
  expect(check).toMatchObject({ code: 1, stdout: '' });
  expect(check.stderr).toBe(
    `lrm: ${NAME} is completed, but 2 rows were skipped. Next: npx lrm skipped ${NAME}; then npx lrm ` +
      `retry ${NAME} --skipped, or npx lrm skipped ${NAME} --accept\n`,
  );
  await expect(requireCompleted([NAME], servers.databaseUrl)).rejects.toThrow(
    '2 rows were skipped',
  );
  const finalize = await servers.succeeds('finalize', NAME);
  expect(finalize.stdout).toContain(`${NAME} is completed, 2 rows skipped`);
  const retry = await servers.lrm('retry', NAME);
  expect(retry.code).toBe(1);
  expect(retry.stderr).toContain(`; for its 2 skipped rows: npx lrm retry ${NAME} --skipped`);
  // Accepted: shown still, but no longer in the way.
  expect((await servers.succeeds('skipped', NAME, '--accept')).stdout).toContain('2 skipped rows');
  expect((await servers.succeeds('check', NAME)).code).toBe(0);
  expect((await servers.succeeds('status')).stdout).toContain('completed, 2 rows skipped');
  await runToEnd(servers);
  expect(await migration(servers, AFTER)).toMatchObject({ status: 'completed' });
});

test('lrm skipped lists keys and reasons, escaped, and no other values', async () => {
  await register(servers, NAME);
  await runToEnd(servers);
  const { stdout } = await servers.succeeds('skipped', NAME);
  expect(stdout).toMatch(/amounts +1 +a /);
  expect(stdout).toContain('"b\\u001b[31m\\nx"');
  for (const hidden of ['\u001b', '\u202e', 'secret']) expect(stdout).not.toContain(hidden);
  expect(stdout).toContain('text that cannot be converted to the type (SQLSTATE 22P02)');
  const json = JSON.parse((await servers.succeeds('skipped', NAME, '--json')).stdout);
  expect(json).toEqual([
    expect.objectContaining({
      table: 'amounts',
      walk: '1',
      key: ['a'],
      code: '22P02',
      again: false,
    }),
    expect.objectContaining({ key: [HOSTILE], acceptedAt: null, reason: null }),
  ]);
  const { error } = await migration(servers, NAME);
  expect(error).toBeNull();
});

test('lrm retry --skipped does just the skipped rows, once, and the gate then passes', async () => {
  await register(servers, NAME);
  await runToEnd(servers);
  await servers.sql`update amounts set text = '7' where id = 'a'`;
  expect((await servers.succeeds('retry', NAME, '--skipped', '--no-run')).stdout).toContain(
    `${NAME} runs again, with its skipped rows`,
  );
  expect((await servers.succeeds('skipped', NAME)).stdout).toContain('to be done again');
  await runToEnd(servers);
  expect((await servers.succeeds('status')).stdout).toContain('completed, 1 row skipped');
  await servers.sql`update amounts set text = '8' where id = ${HOSTILE}`;
  await servers.succeeds('retry', NAME, '--skipped', '--no-run');
  await runToEnd(servers);
  expect(await done()).toEqual([{ done: 1, rows: 52 }]);
  expect((await servers.succeeds('skipped', NAME)).stdout).toBe(`${NAME} has skipped no rows\n`);
  expect((await servers.succeeds('check', NAME)).stdout).toBe(`completed: ${NAME}\n`);
  expect(await servers.lrm('retry', NAME, '--skipped')).toMatchObject({
    code: 1,
    stderr: `lrm: ${NAME} has no skipped rows\n`,
  });
});

test('a migration whose run() does not come to its skipped rows again fails, and says so', async () => {
  await register(servers, NAME);
  await runToEnd(servers);
  await servers.sql`update plan set walks = false`;
  await servers.succeeds('retry', NAME, '--skipped', '--no-run');
  await startRun(servers);
  const { error } = await waitForMigration(
    servers,
    NAME,
    'fail',
    ({ status }) => status === 'failed',
  );
  expect(error).toBe(
    "2 skipped rows were to be done again, but run() has not come to their walk ('1'): it is not " +
      'called any more, or stands in a finished step. Fix the job, or give the rows up: npx lrm ' +
      `skipped ${NAME} --accept; then type: npx lrm retry ${NAME}`,
  );
  await servers.succeeds('skipped', NAME, '--accept');
  await servers.succeeds('retry', NAME, '--no-run');
  await runToEnd(servers);
  expect(await migration(servers, NAME)).toMatchObject({ status: 'completed' });
});

test('wrong use is refused before anything is changed', async () => {
  await register(servers, NAME);
  expect(await servers.lrm('retry', NAME, '--skipped', '--from-start')).toMatchObject({ code: 2 });
  expect(await servers.lrm('skipped', '0009_none')).toMatchObject({ code: 1 });
  expect(await servers.lrm('skipped', NAME, '--accept')).toMatchObject({
    code: 1,
    stderr: `lrm: ${NAME} has no skipped rows\n`,
  });
  await runToEnd(servers);
  await servers.succeeds('retry', NAME, '--from-start', '--yes', '--no-run');
  expect(await servers.sql`select from long_running_migrations.skipped_rows`).toHaveLength(0);
});

test('the error of a batch that fails for good says where, and its keys stay in our tables', async () => {
  const name = '0003_fails';
  jobs.writeJob(
    name,
    `const { sql } = require('drizzle-orm');
    exports.run = (job) => job.inBatches(sql\`amounts\`, { key: sql\`id\`, batchSize: { max: 20 } },
      async (tx, batch) => {
        await tx.execute(sql\`update amounts set value = text::int where \${batch}\`);
      });`,
  );
  await register(servers, name);
  const run = await startRun(servers);
  await resultOf(run);
  const { error } = await migration(servers, name);
  expect(error).toMatch(
    / at 0003_fails.js:4:\d+; caused by .*SQLSTATE 22P02\) in a batch of 1?\d rows of public.amounts \(walk '1'\)\. /,
  );
  const { stdout } = await servers.succeeds('status', name);
  expect(stdout).toMatch(/in batch +public.amounts, after \d+ up to "b\\u001b\[31m\\nx"/);
  const history = JSON.stringify(await run.fetchHistory());
  expect(history).not.toContain('[31m');
  const [json] = JSON.parse((await servers.succeeds('status', name, '--json')).stdout);
  expect(json.history[0].failedBatch).toMatchObject({ walk: '1', upto: [HOSTILE] });
});
