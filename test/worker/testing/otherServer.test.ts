import { expect, test } from '@jest/globals';
import { connect } from '../../../drizzle/connect';
import { runJob } from '../../../worker/testing';
import { useDatabase } from '../../support/database';
import { createJobsFolder } from '../../support/jobsFolder';
import { startPostgres } from '../../support/postgres';

const database = useDatabase({ empty: true });

/** Each step writes elsewhere. Right after it is stored as done, the first attempt kills that server. */
const JOB = `exports.run = async (job) => {
  const { db, sql } = job.database('archive');
  const [{ pid }] = await sql\`select pg_backend_pid() as pid\`;
  await job.step('by sql', async () => { await sql\`insert into copies values ('sql')\`; });
  await job.step('by db', async () => { await db.execute("insert into copies values ('db')"); });
  if (job.attempt > 1) return;
  process.kill(pid, 'SIGKILL');
  await new Promise(() => {});
};`;

// Only the main server remembers the step, so nobody would write this again.
test('what a finished step has written to a server that commits asynchronously survives its crash', async () => {
  const archive = await startPostgres();
  const sql = connect(archive.url, { applicationName: 'test', max: 1 });
  const name = new URL(archive.url).pathname.slice(1);
  await sql.unsafe(`alter database "${name}" set synchronous_commit = off`);
  // Otherwise it is on disk soon anyway.
  await sql.unsafe(`alter system set wal_writer_delay = '10s'`);
  await sql`select pg_reload_conf()`;
  await sql.unsafe('create table copies (by text)');
  const jobs = createJobsFolder();
  jobs.writeJob('0001_copy', JOB);

  const result = await runJob('0001_copy', {
    databaseUrl: database.databaseUrl,
    databases: { archive: archive.url },
    jobs: jobs.path,
  });

  expect(result).toMatchObject({ status: 'completed', error: null });
  expect(result.attempts).toHaveLength(2);
  expect(await sql`select by from copies order by by`).toEqual([{ by: 'db' }, { by: 'sql' }]);
  jobs.remove();
  await sql.end({ timeout: 1 });
  await archive.stop();
}, 120_000);
