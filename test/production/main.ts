/**
 * `npm run test:production`: three workers share 200 migrations on a Temporal server with Postgres
 * persistence, while workers are killed, added and replaced by a newer build, and the Temporal server
 * is restarted. Each migration must be completed, each row done once.
 */
import { changedBuild, inEachTurn } from '../support/changedBuild';
import { openSite, type Site } from '../support/site';
import type { TestWorker } from '../support/workerProcess';
import { startTemporalServer, type TemporalServer } from './temporalServer';
import { createWorkload, underWay, type Workload } from './workload';

/** Fewer for a quick look: `npm run test:production -- 40`. */
const MIGRATIONS = Number(process.argv[2] ?? 200);
/** The last ones are known only to the newer build. */
const KNOWN_TO_ALL = MIGRATIONS * 0.9;
const BATCH_TAKES = 300;

async function main(): Promise<void> {
  const began = performance.now();
  const newer = changedBuild(
    inEachTurn("if ((0, workflow.patched)('wait-a-little')) await (0, workflow.sleep)(1);"),
  );
  let server: TemporalServer | undefined;
  const site = await openSite(async (databaseUrl) => {
    server = await startTemporalServer(databaseUrl);
    return server;
  });
  try {
    const workload = await createWorkload(site, MIGRATIONS, BATCH_TAKES);
    await play(site, workload, newer.worker, () => server?.restart());
    console.log(await workload.verify());
    console.log(await workflowTasks(site));
  } finally {
    await site.end();
    newer.remove();
  }
  console.log(`passed in ${Math.round((performance.now() - began) / 1000)} s`);
}

async function play(
  site: Site,
  workload: Workload,
  newerScript: string,
  restartTemporal: () => Promise<void> | undefined,
): Promise<void> {
  const olderJobs = site.jobsFolder();
  workload.writeJobs(olderJobs, 0, KNOWN_TO_ALL);
  const newerJobs = site.jobsFolder();
  workload.writeJobs(newerJobs, 0, MIGRATIONS);
  await workload.register(0, MIGRATIONS);
  const settings = (build: string) => ({
    LRM_DEPLOYMENT: 'orders',
    LRM_BUILD_ID: build,
    LRM_MAX_CONCURRENT: '6',
    LRM_HEARTBEAT_TIMEOUT: '5 seconds',
    LRM_RETRY_INITIAL_INTERVAL: '100 ms',
    LRM_INTERVAL: '5 seconds',
  });
  const older = () => site.startWorker(olderJobs, settings('older'));
  const newer = () => site.startWorker(newerJobs, settings('newer'), newerScript);
  const when = (share: number) => workload.untilCompleted(Math.round(share * MIGRATIONS));

  const first = await Promise.all([older(), older(), older()]);
  await site.succeeds(settings('older'), 'deploy');
  await site.succeeds(settings('older'), 'schedule');
  await when(0.1);
  await kill(site, first[0], 'a worker is killed, and another one added');
  const added = await older();
  await when(0.25);
  say('three workers of a newer build are started');
  const second = await Promise.all([newer(), newer(), newer()]);
  await site.succeeds(settings('newer'), 'deploy');
  say('the newer build gets the work');
  await when(0.35);
  await kill(site, first[1], 'a worker of the older build is killed, the others are stopped');
  await Promise.all([first[2]?.stop(), added.stop()]);
  await when(0.55);
  say('the Temporal server is killed and started again');
  await restartTemporal();
  await when(0.7);
  await kill(site, second[0], 'a worker of the newer build is killed, and another one added');
  await newer();
  await when(1);
}

/** Kills a worker while it runs an attempt. */
async function kill(site: Site, worker: TestWorker | undefined, what: string): Promise<void> {
  if (!worker) throw new Error('no worker to kill');
  await underWay(site, worker);
  say(what);
  worker.kill('SIGKILL');
  await worker.exited;
}

const say = (what: string): void => console.log(`- ${what}`);

/** A failed one would mean that a run met a worker that could not go on with it. */
async function workflowTasks({ client }: Site): Promise<string> {
  let runs = 0;
  const failed: string[] = [];
  for await (const { runId, workflowId } of client.workflow.list({
    query: "WorkflowType = 'executeLongRunningMigrations'",
  })) {
    runs++;
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const { workflowTaskFailedEventAttributes: task } of events ?? []) {
      if (task) failed.push(`${runId}: ${task.failure?.message}`);
    }
  }
  if (failed.length > 0) throw new Error(`workflow tasks failed:\n${failed.join('\n')}`);
  return `${runs} runs, no workflow task failed`;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
