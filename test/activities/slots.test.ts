import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { register, startRun } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const NAMES = ['0001_a', '0002_b', '0003_c', '0004_d', '0005_e', '0006_f'];

/** Reports that it runs, then waits for its row in `released`. */
const JOB = (name: string) => `exports.run = async (job) => {
  await job.sql\`insert into running (name) values ('${name}')\`;
  for (;;) {
    const rows = await job.sql\`select 1 from released where name = '${name}'\`;
    if (rows.length > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await job.sql\`delete from running where name = '${name}'\`;
};`;

test('LRM_MAX_CONCURRENT of 3: never more than 3 jobs run, and as one ends the next begins', async () => {
  // The trigger records how many run each time that one begins. It locks, so no two count at once.
  await servers.sql.unsafe(`
    create table released (name text primary key);
    create table running (name text primary key);
    create table begun (name text primary key, running_then int not null);
    create function note_begun() returns trigger language plpgsql as $$
    begin
      lock table begun;
      insert into begun values (new.name, (select count(*) from running));
      return null;
    end $$;
    create trigger begun after insert on running for each row execute function note_begun();`);
  const jobs = servers.jobsFolder();
  for (const name of NAMES) jobs.writeJob(name, JOB(name));
  await register(servers, ...NAMES);
  const worker = await servers.startWorker({ jobs, env: { LRM_MAX_CONCURRENT: '3' } });
  const run = await startRun(servers);
  const running = async () => {
    const rows = await servers.sql<{ name: string }[]>`select name from running order by name`;
    return rows.map(({ name }) => name);
  };
  const inProgress = async () => {
    const rows = await servers.sql`
      select 1 from long_running_migrations.migrations where status = 'in_progress'`;
    return rows.length;
  };

  for (let ended = 0; ended < NAMES.length; ended++) {
    const expected = NAMES.slice(ended, ended + 3);
    await waitFor(`exactly ${expected.join(', ')} to run`, async () => {
      // Claimed attempts count, too, not only jobs that have begun.
      expect(await inProgress()).toBeLessThanOrEqual(3);
      return (await running()).join() === expected.join();
    });
    await servers.sql`insert into released values (${NAMES[ended] ?? ''})`;
  }

  expect(await run.result()).toMatchObject({ completed: { count: NAMES.length } });
  const begun = await servers.sql<{ name: string; running_then: number }[]>`
    select name, running_then from begun order by name`;
  expect(begun.map(({ name }) => name)).toEqual(NAMES);
  expect(Math.max(...begun.map((row) => row.running_then))).toBe(3);
  await worker.stop();
});
