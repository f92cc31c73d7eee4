import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { startRun } from '../support/migrations';

const servers = useDevServers();

test('lrm status and lrm doctor say that the run waits for what Temporal has lost', async () => {
  const run = await startRun(servers);
  // As a worker does that remembers a later state of the run: it has nothing to ask for.
  const { connection, workflowService } = servers.client;
  const { taskToken } = await connection.withDeadline(Date.now() + 30_000, () =>
    workflowService.pollWorkflowTaskQueue({
      namespace: servers.namespace,
      taskQueue: { name: 'long-running-migrations' },
      identity: 'test',
    }),
  );
  expect((await servers.lrm('status')).stderr).not.toMatch('lost');
  await workflowService.respondWorkflowTaskCompleted({
    namespace: servers.namespace,
    taskToken,
    identity: 'test',
  });
  const said = /the run waits for something that Temporal has lost .*Restart all workers/;
  expect((await servers.lrm('status')).stderr).toMatch(said);
  const doctor = await servers.lrm('doctor');
  expect(doctor).toMatchObject({ code: 1, stdout: expect.stringMatching(said) });
  await run.terminate();
});
