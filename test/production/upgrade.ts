/**
 * `npm run test:upgrade [commit]`: a worker and the `lrm` of the previous release go on beside the
 * tables of this one, and beside its workers; then only the new ones are left. Without a commit, the
 * previous release is the last one before the newest change of our tables.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTemporalCli } from '../../worker/local/temporal/temporalCli';
import { openSite, type Site } from '../support/site';
import { buildPrevious, type PreviousBuild } from './previousBuild';
import { createWorkload, underWay, type Workload } from './workload';

const execute = promisify(execFile);
const MIGRATIONS = 30;
const BATCH_TAKES = 150;

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

  await site.startWorker(jobs, settings);
  await workload.register(6, 20);
  await underWay(site, old);
  say('a worker of this release works beside it, and the older one is killed');
  old.kill('SIGKILL');
  await old.exited;
  const again = await site.startWorker(jobs, settings, previous.worker);
  await when(20);
  await workload.register(20, MIGRATIONS);
  await underWay(site, again);
  say('it was started again, and stops');
  await again.stop();
  await when(MIGRATIONS);
  await site.succeeds(settings, 'check');
  console.log(await workload.verify());
  const hashes = await site.sql<{ known: boolean; attempts: number }[]>`
    select job_hash is not null as known, count(*)::int as attempts
    from long_running_migrations.attempts group by 1`;
  if (hashes.length !== 2) throw new Error('only one of the two releases has run attempts');
  console.log(
    hashes
      .map(
        ({ known, attempts }) =>
          `${attempts} attempts of ${known ? 'this' : 'the previous'} release`,
      )
      .join(', '),
  );
}

const say = (what: string): void => console.log(`- ${what}`);

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
