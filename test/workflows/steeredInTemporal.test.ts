import { afterEach, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { useDevServers } from '../support/devServers';
import { attempts, migration, register, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';
import type { TestWorker } from '../support/workerProcess';

const servers = useDevServers();
const NAME = '0001_steered';
const FAST = { LRM_HEARTBEAT_TIMEOUT: '3 seconds', LRM_RETRY_INITIAL_INTERVAL: '100ms' };
const RUN = { workflowId: 'long-running-migrations' };
let worker: TestWorker;

/** Counts to 100, with a checkpoint for each number. It fails when a number comes twice. */
const COUNTING = `exports.run = async (job) => {
  for (let n = ((await job.checkpoint()) ?? 0) + 1; n <= 100; n++) {
    job.signal.throwIfAborted();
    if ((await job.checkpoint() ?? 0) >= n) throw new TypeError('twice');
    await job.saveCheckpoint(n);
    job.progress(n, 100);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
};`;

async function begin(): Promise<WorkflowHandle> {
  const jobs = servers.jobsFolder();
  jobs.writeJob(NAME, COUNTING);
  await register(servers, NAME);
  worker = await servers.startWorker({ jobs, env: FAST });
  const run = await startRun(servers);
  await waitForMigration(servers, NAME, 'be under way', (row) => Number(row.rowsDone) > 3);
  return run;
}

const outcomes = async () => (await attempts(servers, NAME)).map(({ outcome }) => outcome);

const ended = (n: number) =>
  waitFor(`attempt ${n} to end`, async () => {
    const attempt = (await attempts(servers, NAME))[n - 1];
    return attempt?.endedAt && attempt;
  });

afterEach(async () => {
  await worker.stop();
  await servers.sql`truncate long_running_migrations.migrations cascade`;
});

test('pausing the activity stops the attempt, the row stays in_progress, and unpausing continues it', async () => {
  const run = await begin();
  const service = servers.client.workflowService;
  const activity = { namespace: servers.namespace, execution: RUN, id: NAME };

  await service.pauseActivity(activity);

  expect(await ended(1)).toMatchObject({ outcome: 'paused' });
  expect(await migration(servers, NAME)).toMatchObject({ status: 'in_progress' });
  await service.unpauseActivity(activity);
  expect(await run.result()).toMatchObject({ completed: { names: [NAME] } });
  expect(await outcomes()).toEqual(['paused', 'completed']);
});

test('resetting the activity loses nothing', async () => {
  const run = await begin();

  await servers.client.workflowService.resetActivity({
    namespace: servers.namespace,
    execution: RUN,
    id: NAME,
  });

  expect(await run.result()).toMatchObject({ completed: { names: [NAME] } });
  expect((await outcomes()).at(-1)).toBe('completed');
});

test('cancelling the run stops the attempt at a safe point, and the next run continues it', async () => {
  const run = await begin();

  await run.cancel();

  await expect(run.result()).rejects.toThrow(/cancelled/i);
  expect(await outcomes()).toEqual(['interrupted']);
  expect(await migration(servers, NAME)).toMatchObject({ status: 'in_progress' });
  expect(await (await startRun(servers)).result()).toMatchObject({ completed: { names: [NAME] } });
});

test('after the run was terminated the row stays in_progress, and the next run continues it', async () => {
  const run = await begin();

  await run.terminate('by hand');
  expect(await ended(1)).toMatchObject({ outcome: 'interrupted' });

  expect(await (await startRun(servers)).result()).toMatchObject({ completed: { names: [NAME] } });
  expect((await outcomes()).at(-1)).toBe('completed');
  expect((await migration(servers, NAME)).error).toBeNull();
});

test('after the run was reset, the attempt continues from the row, without heartbeat details', async () => {
  const run = await begin();
  const { events } = await run.fetchHistory();
  const reset = events?.find(({ workflowTaskCompletedEventAttributes: done }) => done);
  if (!reset?.eventId) throw new Error('the history holds no completed workflow task');

  const { runId }: { runId: string } = await servers.client.workflowService.resetWorkflowExecution({
    namespace: servers.namespace,
    workflowExecution: RUN,
    reason: 'test',
    workflowTaskFinishEventId: reset.eventId,
    requestId: 'reset',
  });

  const again = servers.client.workflow.getHandle(RUN.workflowId, runId);
  expect(await again.result()).toMatchObject({ completed: { names: [NAME] } });
  expect((await outcomes()).at(-1)).toBe('completed');
});

test('an operator’s pause on the row stops the attempt and frees the slot', async () => {
  const run = await begin();

  await servers.sql`update long_running_migrations.migrations set request = 'pause' where name = ${NAME}`;

  expect(await run.result()).toMatchObject({ stopped: { names: [NAME] } });
  expect(await outcomes()).toEqual(['paused']);
  expect(await migration(servers, NAME)).toMatchObject({ status: 'paused' });
});

test('an operator’s cancel on the row ends the migration', async () => {
  const run = await begin();

  await servers.sql`update long_running_migrations.migrations set request = 'cancel' where name = ${NAME}`;

  expect(await run.result()).toMatchObject({ stopped: { names: [NAME] } });
  expect(await migration(servers, NAME)).toMatchObject({ status: 'cancelled' });
});

test('a pause that is withdrawn before the attempt has stopped has no effect', async () => {
  const jobs = servers.jobsFolder();
  // Reports when it is asked to stop, and uses its whole grace period.
  jobs.writeJob(
    NAME,
    `exports.options = { stopGrace: '5s' };
     exports.run = (job) => new Promise((resolve) => {
       if (job.attempt > 1) return resolve();
       job.progress(1);
       job.signal.addEventListener('abort', () => job.progress(77));
     });`,
  );
  await register(servers, NAME);
  worker = await servers.startWorker({ jobs, env: FAST });
  const run = await startRun(servers);
  await waitForMigration(servers, NAME, 'be under way', (row) => Number(row.rowsDone) === 1);
  await servers.sql`update long_running_migrations.migrations set request = 'pause' where name = ${NAME}`;
  await waitForMigration(servers, NAME, 'be asked to stop', (row) => Number(row.rowsDone) === 77);

  await servers.sql`update long_running_migrations.migrations set request = 'resume' where name = ${NAME}`;

  expect(await run.result()).toMatchObject({ completed: { names: [NAME] } });
  expect(await outcomes()).toEqual(['interrupted', 'completed']);
});
