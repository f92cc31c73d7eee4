import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { runJob } from '../../../worker/testing';
import { useDatabase } from '../../support/database';
import { createJobsFolder, type JobsFolder } from '../../support/jobsFolder';

const database = useDatabase({ empty: true });
const archive = useDatabase({ empty: true });
let jobs: JobsFolder;

/** A walk in each database, one in two lanes. The archive's table has twice as many rows. */
const BOTH = `const { sql } = require('drizzle-orm');
const options = { key: sql\`id\`, throttle: false, batchSize: { max: 20 } };
const touch = async (tx, batch) => {
  await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
  await tx.execute(sql\`select pg_sleep(0.01)\`);
};
exports.run = async (job) => {
  await job.inBatches(sql\`ledger\`, { ...options, database: 'archive', lanes: 2 }, touch);
  await job.inBatches(sql\`ledger\`, options, touch);
};`;

beforeAll(() => {
  jobs = createJobsFolder();
  jobs.writeJob('0001_both', BOTH);
});

afterAll(() => jobs.remove());

beforeEach(async () => {
  for (const [{ sql }, rows] of [
    [database, 300],
    [archive, 600],
  ] as const) {
    await sql.unsafe(`
      create table if not exists ledger (id integer primary key, touched integer not null default 0);
      truncate ledger; insert into ledger select generate_series(1, ${rows})`);
  }
});

const touches = async ({ sql }: typeof database) =>
  sql`select touched, count(*)::int as rows from ledger group by 1`;

test('a job that is killed in a walk elsewhere goes on, and does each batch of both once', async () => {
  const result = await runJob('0001_both', {
    databaseUrl: database.databaseUrl,
    databases: { archive: archive.databaseUrl },
    jobs: jobs.path,
    killAfter: { batches: 5 },
  });
  expect(result).toMatchObject({ status: 'completed', rows: 900, error: null });
  expect(result.attempts.map(({ outcome }) => outcome)).toEqual(['retried', 'completed']);
  expect(await touches(database)).toEqual([{ touched: 1, rows: 300 }]);
  expect(await touches(archive)).toEqual([{ touched: 1, rows: 600 }]);
  for (const { sql } of [database, archive]) {
    const left = await sql`select nspname from pg_namespace where nspname like 'lrm%'`;
    expect(left).toEqual([]);
  }
});

test('the databases of the environment are not reached', async () => {
  process.env['LRM_DATABASE_ARCHIVE_URL'] = archive.databaseUrl;
  const result = await runJob('0001_both', {
    databaseUrl: database.databaseUrl,
    jobs: jobs.path,
  }).finally(() => delete process.env['LRM_DATABASE_ARCHIVE_URL']);
  expect(result).toMatchObject({
    status: 'failed',
    error: expect.stringContaining("there is no database 'archive': set LRM_DATABASE_ARCHIVE_URL"),
  });
  expect(await touches(archive)).toEqual([{ touched: 0, rows: 600 }]);
});
