/**
 * `npm run test:upgrade [commit]`: a worker and the `lrm` of the previous release go on beside the
 * tables of this one and beside its workers, and each goes on where a killed one of the other stopped.
 * Without a commit, the previous release is the last one before the newest change of our tables.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTemporalCli } from '../../worker/local/temporal/temporalCli';
import { openSite, type Site } from '../support/site';
import type { TestWorker } from '../support/workerProcess';
import { buildPrevious, type PreviousBuild } from './previousBuild';
import { createWorkload, underWay, type Workload } from './workload';

const execute = promisify(execFile);
const MIGRATIONS = 30;
const BATCH_TAKES = 300;

async function main(): Promise<void> {
  const previous = buildPrevious(process.argv[2]);
  console.log(`- the previous release is ${previous.commit}`);
  const site = await openSite(async () => {
    const cli = await findTemporalCli(process.env, console.log);
    const temporal = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: cli } },
    });
    return { address: temporal.address, stop: () => temporal.teardown() };
  });
  try {
    await play(site, await createWorkload(site, MIGRATIONS, BATCH_TAKES), previous);
  } finally {
    await site.end();
    previous.remove();
  }
  console.log('passed');
}

async function play(site: Site, workload: Workload, previous: PreviousBuild): Promise<void> {
  const jobs = site.jobsFolder();
  workload.writeJobs(jobs, 0, MIGRATIONS);
  const settings = {
    LRM_JOBS_DIR: jobs.path,
    LRM_MAX_CONCURRENT: '3',
    LRM_HEARTBEAT_TIMEOUT: '5 seconds',
    LRM_INTERVAL: '5 seconds',
  };
  const oldLrm = (...args: string[]) =>
    execute(process.execPath, [previous.lrm, ...args], { env: site.env(settings) });
  const when = workload.untilCompleted;
  const [first = '', second = ''] = workload.names;

  const old = await site.startWorker(jobs, settings, previous.worker);
  say('a worker of the previous release has started beside the new tables');
  await oldLrm('register', first, second);
  await workload.register(2, 6);
  await oldLrm('pause', second);
  await oldLrm('schedule');
  await when(5);
  await oldLrm('resume', second);
  await oldLrm('status');
  await oldLrm('doctor');
  await when(6);
  say('its lrm registers, pauses, resumes, shows and checks');

  const beside = await site.startWorker(jobs, settings);
  await workload.register(6, 14);
  await when(14);
  say('a worker of this release works beside it');

  await beside.stop();
  await workload.register(14, 20);
  await kill(site, old);
  const after = await site.startWorker(jobs, settings);
  await when(20);
  say('the older one was killed in the middle, and this release went on');

  await workload.register(20, 26);
  await kill(site, after);
  const again = await site.startWorker(jobs, settings, previous.worker);
  await when(26);
  say('this one was killed in the middle, and the previous release went on');

  await site.startWorker(jobs, settings);
  await workload.register(26, MIGRATIONS);
  await again.stop();
  await when(MIGRATIONS);
  await site.succeeds(settings, 'check');
  console.log(await workload.verify());
  console.log(await takenOver(site));
}

async function kill(site: Site, worker: TestWorker): Promise<void> {
  await underWay(site, worker);
  worker.kill('SIGKILL');
  await worker.exited;
}

/** Only attempts of this release store a hash of their job. */
async function takenOver({ sql }: Site): Promise<string> {
  const found = await sql<{ release: string; migrations: number }[]>`
    select case when later.job_hash is null then 'the previous' else 'this' end as release,
      count(distinct later.migration)::int as migrations
    from long_running_migrations.attempts as earlier
    join long_running_migrations.attempts as later using (migration)
    where later.number = earlier.number + 1
      and (later.job_hash is null) <> (earlier.job_hash is null)
    group by 1 order by 1`;
  if (found.length !== 2)
    throw new Error('not each release has gone on where the other one stopped');
  return found.map((each) => `${each.migrations} taken over by ${each.release} release`).join(', ');
}

const say = (what: string): void => console.log(`- ${what}`);

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
