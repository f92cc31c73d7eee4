import { afterEach, expect, test } from '@jest/globals';
import { finalizeNow, startRun } from '../../client/temporal/run';
import { ABOUT_RUN, ABOUT_SCHEDULE, ABOUT_TICK } from '../../workflows/about';
import { useDevServers } from '../support/devServers';

const servers = useDevServers();
const RUN = 'long-running-migrations';

async function about(workflowId: string) {
  const description = await servers.client.workflow.getHandle(workflowId).describe();
  const [staticSummary, staticDetails] = await Promise.all([
    description.staticSummary(),
    description.staticDetails(),
  ]);
  return { staticSummary, staticDetails };
}

afterEach(async () => {
  await servers.client.workflow
    .getHandle(RUN)
    .terminate()
    .catch(() => {});
});

test('the run says what it is, whether it is started, signalled or started by a tick', async () => {
  await startRun(servers.client);
  expect(await about(RUN)).toEqual(ABOUT_RUN);
  await servers.client.workflow.getHandle(RUN).terminate();

  await finalizeNow(servers.client, [{ name: '0001_any', throttled: true }]);
  expect(await about(RUN)).toEqual(ABOUT_RUN);
  await servers.client.workflow.getHandle(RUN).terminate();

  await servers.startWorker();
  await servers.client.workflow.execute('tickLongRunningMigrations', {
    workflowId: 'tick',
    taskQueue: RUN,
  });
  expect(await about(RUN)).toEqual(ABOUT_RUN);
});

test('the Schedule and its ticks say what they are', async () => {
  await servers.succeeds('schedule');
  const schedule = servers.client.schedule.getHandle(RUN);

  const { action, memo, state } = await schedule.describe();

  expect(action).toMatchObject(ABOUT_TICK);
  expect(memo).toEqual({ about: ABOUT_SCHEDULE });
  expect(state.note).toBe(ABOUT_SCHEDULE);
  await schedule.delete();
});
