import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { projectFolder } from '../../../settings/projectFolder';
import { runJob } from '../../../worker/testing';
import { useDatabase } from '../../support/database';
import { createJobsFolder, type JobsFolder } from '../../support/jobsFolder';

const database = useDatabase({ empty: true });
let jobs: JobsFolder;

beforeAll(() => {
  jobs = createJobsFolder();
  jobs.writeJob(
    '0001_ledger',
    `const { sql } = require('drizzle-orm');
    exports.run = (job) =>
      job.inBatches(sql\`ledger\`, { key: sql\`id\`, throttle: false, batchSize: { max: 20 } },
        async (tx, batch) => {
          await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
          await tx.execute(sql\`select pg_sleep(0.02)\`);
        });`,
  );
  jobs.writeJob('0002_fails', "exports.run = async () => { throw new TypeError('never'); };");
  jobs.writeJob('0003_quick', 'exports.run = async () => {};');
});

afterAll(() => jobs.remove());

beforeEach(async () => {
  await database.sql.unsafe(`
    create table if not exists ledger (id integer primary key, touched integer not null default 0);
    truncate ledger; insert into ledger select generate_series(1, 1000)`);
});

const options = () => ({ databaseUrl: database.databaseUrl, jobs: jobs.path });

test('a job that is killed in the middle goes on, and does each batch once', async () => {
  const result = await runJob('0001_ledger', { ...options(), killAfter: { batches: 3 } });
  expect(result).toMatchObject({ status: 'completed', rows: 1000, error: null });
  expect(result.attempts.map(({ outcome }) => outcome)).toEqual(['retried', 'completed']);
  const touched = await database.sql`select touched, count(*)::int as rows from ledger group by 1`;
  expect(touched).toEqual([{ touched: 1, rows: 1000 }]);
});

test('a job that fails is a result with its error, and our schema is dropped', async () => {
  const result = await runJob(`${jobs.path}/0002_fails.js`, {
    databaseUrl: database.databaseUrl,
  });
  expect(result).toMatchObject({
    status: 'failed',
    error: expect.stringMatching(/^TypeError at 0002_fails/),
  });
  expect(result.attempts).toHaveLength(1);
  const left = await database.sql`select nspname from pg_namespace where nspname like 'lrm%'`;
  expect(left).toEqual([]);
});

test('a kill that comes too late is an error, so that a test does not pass by accident', async () => {
  const late = runJob('0003_quick', { ...options(), killAfter: { ms: 60_000 } });
  await expect(late).rejects.toThrow('the kill did not happen, because the job ended before');
});

test('wrong use says what to write', async () => {
  await expect(runJob('0009_none', options())).rejects.toThrow('there is no job 0009_none in');
  await expect(runJob('sample', options())).rejects.toThrow("neither a job's name");
  await expect(runJob('0003_quick', { databaseUrl: '' })).rejects.toThrow('databaseUrl is missing');
  await expect(
    runJob('0003_quick', { ...options(), killAfter: {} as { ms: number } }),
  ).rejects.toThrow('killAfter: write { batches: 3 }');
});

test('a job gets the input and the target of the test, and an input that does not fit is a result', async () => {
  const zod = JSON.stringify(path.join(projectFolder, 'node_modules/zod'));
  jobs.writeJob(
    '0004_drop_old_sessions',
    `const { sql } = require('drizzle-orm');
    const { z } = require(${zod});
    exports.input = z.object({ days: z.number().int().positive() });
    exports.run = async (job) => {
      const sessions = sql\`\${sql.identifier(job.target ?? 'public')}.sessions\`;
      const old = sql\`at < now() - make_interval(days => \${job.input.days})\`;
      await job.inBatches(sessions, { key: sql\`id\`, where: old }, async (tx, batch) => {
        await tx.execute(sql\`delete from \${sessions} where \${batch}\`);
      });
    };`,
  );
  await database.sql.unsafe(`
    create schema tenant_7; create table tenant_7.sessions (id int primary key, at timestamptz);
    insert into tenant_7.sessions select n, now() - n * interval '1 day' from generate_series(1, 100) n`);
  const done = await runJob('0004_drop_old_sessions', {
    ...options(),
    target: 'tenant_7',
    input: { days: 30 },
  });
  expect(done).toMatchObject({ status: 'completed' });
  expect(await database.sql`select count(*)::int as rows from tenant_7.sessions`).toEqual([
    { rows: 29 },
  ]);
  expect(
    await runJob('0004_drop_old_sessions', { ...options(), input: { days: 'x' } }),
  ).toMatchObject({ status: 'failed', error: expect.stringMatching('input.days: does not fit') });
  await expect(runJob('0003_quick', { ...options(), target: '../x' })).rejects.toThrow(
    'target: it has',
  );
  await expect(runJob('0003_quick', { ...options(), input: 1n })).rejects.toThrow(
    'input: is not JSON',
  );
});
